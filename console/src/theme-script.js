// Runs before anything is shown, so that the page never flashes in the other colours.
try {
  const theme = localStorage.getItem('leopard-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // The browser denies its storage: the system's choice stays.
}
