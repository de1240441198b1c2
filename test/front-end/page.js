// Makes the calls of the agencies' front end, in its order, from its origin: log-in, dashboard, list, client with tabs,
// live stream, refresh, log-out. Each step shows what it got; what goes wrong stands in #end.

const API = new URLSearchParams(location.search).get('api');
const user = { username: 'branch1', password: 'Passw0rd!23' };
const visaTypeId = Number(new URLSearchParams(location.search).get('visaType'));
let tokens;

function show(step, text) {
  const item = document.createElement('li');
  item.dataset.step = step;
  item.textContent = text;
  document.getElementById('steps').append(item);
}

async function call(method, path, body) {
  const response = await fetch(`${API}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(tokens && { authorization: `Bearer ${tokens.access}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const data = text === '' ? null : JSON.parse(text);
  return { status: response.status, data };
}

/** The data of an answer that is expected to be good. */
async function ask(method, path, body) {
  const { status, data } = await call(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(data)}`);
  return data;
}
const get = (path) => ask('GET', path);

async function logIn() {
  const headers = { 'cache-control': 'no-cache', pragma: 'no-cache', expires: '0' };
  const tenant = await fetch(`${API}/api/public/tenant-info/?_t=${Date.now()}`, { headers });
  show('tenant', (await tenant.json()).tenant_name);
  const refused = await call('POST', '/api/token/', { ...user, password: 'wrong' });
  show('refused', `${refused.status} ${refused.data.detail}`);
  tokens = await ask('POST', '/api/token/', user);
  const profile = await get('/api/v1/users/profile/');
  const own = await get(`/api/v1/users/${profile.id}/`);
  show('profile', `${own.full_name}, ${profile.primary_group_display}`);
}

async function dashboard() {
  const [counts, visas, colleges, dueSoon, overdue, unread] = await Promise.all([
    get('/api/v1/clients/stage-counts/'),
    get('/api/v1/visa-applications/dashboard-statistics/'),
    get('/api/v1/college-applications/dashboard-statistics/?time_filter=this_month'),
    get('/api/v1/tasks/due_soon/'),
    get('/api/v1/tasks/overdue/'),
    get('/api/v1/notifications/unread_count/'),
  ]);
  show(
    'dashboard',
    `clients ${counts.TOTAL}, visas ${visas.status_breakdown.TOTAL}, colleges ${colleges.total_applications}, ` +
      `tasks ${dueSoon.length + overdue.length}, unread ${unread.unread_count}`,
  );
  const month = 'start_date=2026-11-01T00:00:00Z&end_date=2026-12-01T00:00:00Z';
  show('calendar', `events ${(await get(`/api/v1/events/?${month}`)).results.length}`);
}

/** Opens the live stream, as a browser does: the token in the address. */
function stream(onMessage) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${API}/api/v1/notifications/stream/?token=${tokens.access}`);
    source.onerror = () => reject(new Error('the stream failed'));
    source.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'connection_established') resolve(source);
      onMessage(message);
    };
  });
}

async function clientWithTabs() {
  const choices = await Promise.all(
    ['users/assignable/', 'branches/options/', 'visa-categories/', 'visa-types/?page_size=1000'].map((path) =>
      get(`/api/v1/${path}`),
    ),
  );
  show('choices', choices.map((choice) => (choice.results ?? choice).length).join(' '));
  const wrong = await call('POST', '/api/v1/clients/', { first_name: '', gender: 'X', country: 'AU' });
  show('errors', `${wrong.status} ${Object.keys(wrong.data).sort().join(' ')}`);
  const { id } = await ask('POST', '/api/v1/clients/', {
    first_name: 'Łucja',
    last_name: 'Nowak',
    gender: 'FEMALE',
    country: 'PL',
    stage: 'LEAD',
    email: '',
  });
  const found = await get('/api/v1/clients/?search=Nowak&stage[]=LEAD&stage[]=CLIENT&page=1&page_size=25');
  show('list', found.results.map((client) => `${client.first_name} ${client.last_name}`).join(', '));

  const client_id = id;
  const place = { passport_country: 'PL', country_of_birth: 'PL', nationality: 'PL' };
  const passport = {
    client_id,
    passport_no: 'P1',
    ...place,
    date_of_issue: '',
    date_of_expiry: '2031-01-31',
  };
  await ask('POST', '/api/v1/passports/upsert/', passport);
  await ask('POST', '/api/v1/qualifications/', { client_id, course: 'BSc', completion_date: '' });
  await ask('POST', '/api/v1/notes/', { client: id, content: 'First call' });
  const application = await ask('POST', '/api/v1/visa-applications/', {
    client_id,
    visa_type_id: visaTypeId,
    immigration_fee: 710,
    service_fee: '250.00',
    required_documents: [{ name: 'Passport', received: true }, { name: 'Photo' }],
  });
  // The form of an application sends bare names, whatever is edited.
  const edited = await ask('PATCH', `/api/v1/visa-applications/${application.id}/`, {
    notes: 'Call again',
    required_documents: ['Passport', 'Photo'],
  });
  show('documents', edited.required_documents.map(({ name, received }) => `${name} ${received}`).join(', '));
  await ask('PATCH', `/api/v1/clients/${id}/`, { stage: 'FOLLOW_UP' });
  const tabs = await Promise.all(
    [
      `passports/${id}/`,
      `qualifications/?client_id=${id}`,
      `employments/?client_id=${id}`,
      `language-proficiencies/?client_id=${id}`,
      `visa-applications/?client_id=${id}`,
      `college-applications/?client_id=${id}`,
      `notes/?client=${id}`,
      `tasks/?client=${id}`,
      `reminders/?content_type=10&object_id=${id}&ordering=-reminder_date`,
    ].map((path) => get(`/api/v1/${path}`)),
  );
  show('tabs', tabs.map((tab) => (tab.results ? tab.count : 1)).join(' '));
  return id;
}

/** The timeline is written a moment later: the front end asks again. */
async function timeline(id) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { results } = await get(`/api/v1/clients/${id}/timeline/?page_size=50`);
    if (results.length >= 3) {
      // Its chips link to the application by these exact words.
      const chips = results.filter(({ description }) => description.includes('Visa Application'));
      show('timeline', `${results.length} entries, ${chips.length} chip`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the timeline stays short');
}

async function run() {
  await logIn();
  await dashboard();
  const heard = [];
  const wake = { next: () => undefined };
  const source = await stream((message) => {
    heard.push(message);
    wake.next();
  });
  const until = async (test) => {
    while (!heard.some(test)) await new Promise((resolve) => Object.assign(wake, { next: resolve }));
    return heard.find(test);
  };
  const id = await clientWithTabs();
  await timeline(id);

  const { id: me } = await get('/api/v1/users/profile/');
  const due_date = new Date(Date.now() + 86_400_000).toISOString();
  const linked = { linked_entity_type: 'client', linked_entity_id: id };
  await ask('POST', '/api/v1/tasks/', { title: 'Lodge', detail: 'it', due_date, assigned_to: me, ...linked });
  const { notification } = await until(
    ({ notification }) => notification?.notification_type === 'TASK_ASSIGNED',
  );
  document.getElementById('toasts').textContent = notification.title;
  await ask('POST', `/api/v1/notifications/${notification.id}/mark_read/`);
  const { unread_count } = await until(({ type }) => type === 'unread_count_update');
  show('stream', `${notification.notification_type}, unread ${unread_count}`);

  const before = tokens;
  tokens = undefined;
  tokens = await ask('POST', '/api/token/refresh/', { refresh: before.refresh });
  show('refresh', (await get('/api/v1/users/profile/')).username);
  await ask('POST', '/api/token/blacklist/', { refresh: tokens.refresh });
  source.close();
}

const end = document.getElementById('end');
run().then(
  () => Object.assign(end, { textContent: 'done' }),
  (error) => Object.assign(end, { textContent: String(error) }),
);
