/** A user of the demonstration data whose log-in is shown to its readers. */
export interface DemoLogin {
  /** The tenant's schema. */
  readonly schema: string;
  /** The group's name. */
  readonly role: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

/** The password of every user of the demonstration tenants main and demo except their admins. */
export const DEMO_STAFF_PASSWORD = 'Leopard-demo-1';

/**
 * One user of each role in the demonstration tenants, the admin first. Well-known passwords: they exist only where the
 * demonstration data does.
 */
export const DEMO_LOGINS: readonly DemoLogin[] = [
  login('tenant_main', 'SUPER_ADMIN', 'admin@main.com', 'admin@main.com', 'admin123'),
  login('tenant_main', 'REGION_MANAGER', 'helen.papadopoulos', 'helen.papadopoulos@southerncross.example'),
  login('tenant_main', 'BRANCH_ADMIN', 'daniel.okafor', 'daniel.okafor@southerncross.example'),
  login('tenant_main', 'CONSULTANT', 'linh.tran', 'linh.tran@southerncross.example'),
  login('tenant_demo', 'SUPER_ADMIN', 'admin@demo.com', 'admin@demo.com', 'demo123'),
  login('tenant_demo', 'REGION_MANAGER', 'prakash.adhikari', 'prakash.adhikari@himalgateway.example'),
  login('tenant_demo', 'BRANCH_ADMIN', 'sunita.shrestha', 'sunita.shrestha@himalgateway.example'),
  login('tenant_demo', 'CONSULTANT', 'anil.tamang', 'anil.tamang@himalgateway.example'),
];

function login(
  schema: string,
  role: string,
  username: string,
  email: string,
  password = DEMO_STAFF_PASSWORD,
): DemoLogin {
  return { schema, role, username, email, password };
}
