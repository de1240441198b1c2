#!/usr/bin/env bash
# Installs the whole platform on one Debian 12 machine, or brings one up to date that was installed by it:
# PostgreSQL 15, PgBouncer, nginx with TLS, two API processes, worker, imports and scheduler.
#
#   sudo deployment/install-debian.sh --domain crm.example.com --certificate fullchain.pem --key privkey.pem
#   sudo deployment/install-debian.sh --domain leopard.test --self-signed
#
#   --domain DOMAIN       BASE_DOMAIN: agencies are at <agency>.DOMAIN
#   --certificate FILE    PEM, for DOMAIN and *.DOMAIN, with its --key FILE; not needed again later
#   --self-signed         makes a certificate that browsers do not trust, for trials
#   --size SIZE           small, medium or large: settings of PostgreSQL; by the machine's memory if not given
#   --release FOLDER      what build-release.sh has built; built here if not given
#
# Asks nothing, and may be run again: passwords, keys and changed settings stay. Where systemd does not run it starts
# nothing but PostgreSQL, for the first migration. docs/deployment.md
set -euo pipefail

say() { echo "== $*"; }
fail() {
  echo "install-debian: $*" >&2
  exit 1
}

domain='' certificate='' key='' self_signed='' size='' release=''
while [ $# -gt 0 ]; do
  case $1 in
    --domain | --certificate | --key | --size | --release)
      [ $# -gt 1 ] || fail "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    --self-signed) self_signed=yes && shift ;;
    --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit ;;
    *) fail "unknown option $1; see --help" ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd)
etc=/etc/leopard
tls=$etc/tls

check() {
  [ "$(id -u)" = 0 ] || fail 'run it as root: sudo deployment/install-debian.sh …'
  command -v apt-get >/dev/null || fail 'this machine has no apt-get; docs/deployment.md describes each step'
  [[ $domain =~ ^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$ ]] || fail '--domain is missing, or is no host name in lower case'
  [ -z "$certificate" ] || [ -r "$certificate" ] || fail "--certificate: $certificate cannot be read"
  [ -z "$key" ] || [ -r "$key" ] || fail "--key: $key cannot be read"
  [ -z "$certificate$key" ] || { [ -n "$certificate" ] && [ -n "$key" ]; } || fail '--certificate and --key belong together'
  [ -n "$certificate$self_signed" ] || [ -e $tls/fullchain.pem ] ||
    fail 'give --certificate and --key (docs/deployment.md says how to get them), or --self-signed for a trial'
  [ -z "$release" ] || [ -e "$release/dist/cli.js" ] || fail "--release: $release was not built by build-release.sh"
  if [ -z "$size" ]; then
    local gigabytes=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) / 1000000))
    size=small
    [ $gigabytes -lt 12 ] || size=medium
    [ $gigabytes -lt 48 ] || size=large
  fi
  [ -e "$here/postgresql/$size.conf" ] || fail "--size must be small, medium or large, not $size"
}

has_systemd() { [ -d /run/systemd/system ]; }

# Replaces a file where it differs. Returns 1 where it does not.
put() { # text, path, mode, owner
  local new
  new=$(mktemp)
  printf '%s\n' "$1" >"$new"
  if [ -e "$2" ] && cmp -s "$new" "$2"; then
    rm "$new"
    return 1
  fi
  install -D -m "$3" -o "${4%:*}" -g "${4#*:}" "$new" "$2"
  rm "$new"
}

# Returns a file of deployment/ for this machine.
adapted() {
  sed "s/crm\.example\.com/$domain/g; s#/usr/bin/node#$(command -v node)#g" "$here/$1"
}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

install_packages() {
  local wanted=(postgresql-15 pgbouncer nginx openssl logrotate ca-certificates) missing=()
  is_installed chrony || is_installed ntpsec || wanted+=(systemd-timesyncd) # something must keep the clock right
  for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  export DEBIAN_FRONTEND=noninteractive
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && return
  say 'installing Node 22 from deb.nodesource.com, since Debian 12 has only 18'
  apt-get install -y -qq --no-install-recommends curl gnupg >/dev/null
  install -d /etc/apt/keyrings
  curl -fsSL https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key | gpg --dearmor --yes -o /etc/apt/keyrings/nodesource.gpg
  echo 'deb [signed-by=/etc/apt/keyrings/nodesource.gpg] https://deb.nodesource.com/node_22.x nodistro main' \
    >/etc/apt/sources.list.d/nodesource.list
  apt-get update -qq
  apt-get install -y -qq nodejs >/dev/null
}

create_user() {
  id leopard >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir /var/lib/leopard --no-create-home --shell /usr/sbin/nologin leopard
  install -d -m 750 -o leopard -g leopard /var/lib/leopard /var/log/leopard
  install -d -m 755 /opt/leopard/releases /srv/leopard /var/www/leopard-acme
}

# Puts the program into a folder of its own beside the former ones, and makes it the current one.
install_program() {
  local sum name folder
  if [ -n "$release" ]; then
    sum=$(cd "$release" && cat dist/.built package-lock.json 2>/dev/null | sha256sum)
  else
    sum=$(cd "$here/.." && find bin src data migrations package-lock.json -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  fi
  name=${sum:0:12}
  folder=/opt/leopard/releases/$name
  if [ ! -e "$folder" ]; then
    say "installing the program in $folder"
    rm -rf "$folder.new"
    if [ -n "$release" ]; then cp -aL "$release" "$folder.new"; else "$here/build-release.sh" "$folder.new" >/dev/null; fi
    chown -R root:root "$folder.new"
    chmod -R u=rwX,go=rX "$folder.new"
    mv "$folder.new" "$folder"
  fi
  [ "$(readlink /opt/leopard/current || true)" = "$folder" ] && return
  program_changed=yes
  ln -sfn "$folder" /opt/leopard/current.new
  mv -T /opt/leopard/current.new /opt/leopard/current
  # The former two stay, to go back to.
  find /opt/leopard/releases -mindepth 1 -maxdepth 1 -type d ! -path "$folder" -printf '%T@ %p\n' | sort -rn |
    tail -n +3 | cut -d' ' -f2- | xargs -r rm -rf
}

write_settings() {
  if [ ! -e $etc/leopard.env ]; then
    say "writing $etc/leopard.env and owner.env, with new passwords"
    install -d -m 750 -o root -g leopard $etc
    local app owner secret
    app=$(openssl rand -hex 24) owner=$(openssl rand -hex 24) secret=$(openssl rand -hex 40)
    put "$(adapted environments/production.env | sed "s/^SECRET_KEY=.*/SECRET_KEY=$secret/; s/change-me/$app/")" \
      $etc/leopard.env 640 root:leopard
    put "$(adapted environments/owner.env | sed "s/change-me/$owner/")" $etc/owner.env 600 root:root
  fi
  grep -q "^BASE_DOMAIN=$domain$" $etc/leopard.env ||
    fail "$etc/leopard.env has another BASE_DOMAIN than $domain; agencies' addresses would change. Edit it first"
  app_password=$(sed -n 's#^DATABASE_URL=postgres://leopard_app:\([^@]*\)@.*#\1#p' $etc/leopard.env)
  owner_password=$(sed -n 's#^DATABASE_OWNER_URL=postgres://leopard_owner:\([^@]*\)@.*#\1#p' $etc/owner.env)
  [[ $app_password$owner_password =~ ^[A-Za-z0-9]+$ ]] ||
    fail "the passwords in $etc/leopard.env and owner.env must be of letters and digits"
}

in_database() { runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# Debian makes clusters without checksums; adding them takes a moment while there are no data.
add_checksums() {
  [ ! -e /etc/postgresql/15/main/conf.d/leopard.conf ] || return 0 # not the first time
  local data programs=/usr/lib/postgresql/15/bin
  data=$(pg_conftool -s 15 main show data_directory)
  [ "$(du -sm "$data" | cut -f1)" -lt 100 ] || return 0
  $programs/pg_controldata "$data" | grep -q 'checksum version: *0' || return 0
  pg_ctlcluster 15 main stop >/dev/null 2>&1 || true
  runuser -u postgres -- $programs/pg_checksums --enable -D "$data" >/dev/null 2>&1 || fail "pg_checksums fails on $data"
}

prepare_database() {
  pg_lsclusters -h | grep -q '^15 *main ' || pg_createcluster 15 main -- --data-checksums >/dev/null
  add_checksums
  local changed=''
  put "$(cat "$here/postgresql/$size.conf")" /etc/postgresql/15/main/conf.d/leopard.conf 644 postgres:postgres && changed=yes
  if has_systemd; then
    systemctl enable -q postgresql@15-main
    if [ -n "$changed" ]; then systemctl restart postgresql@15-main; else systemctl start postgresql@15-main; fi
  elif pg_ctlcluster 15 main status >/dev/null; then
    [ -z "$changed" ] || pg_ctlcluster 15 main restart
  else
    pg_ctlcluster 15 main start
    stop_database=yes
  fi
  say "database: roles, and the settings for a $size server"
  # Passwords go in by stdin: arguments can be seen by everybody.
  in_database <<SQL
SELECT 'CREATE ROLE leopard_owner LOGIN CREATEROLE' WHERE to_regrole('leopard_owner') IS NULL \gexec
SELECT 'CREATE ROLE leopard_app LOGIN NOINHERIT' WHERE to_regrole('leopard_app') IS NULL \gexec
ALTER ROLE leopard_owner PASSWORD '$owner_password';
ALTER ROLE leopard_app PASSWORD '$app_password';
ALTER ROLE leopard_app SET statement_timeout TO '30s';
ALTER ROLE leopard_app SET lock_timeout TO '10s';
ALTER ROLE leopard_app SET idle_in_transaction_session_timeout TO '60s';
SELECT 'CREATE DATABASE leopard OWNER leopard_owner TEMPLATE template0 ENCODING ''UTF8''
  LOCALE_PROVIDER icu ICU_LOCALE ''und'' LC_COLLATE ''C'' LC_CTYPE ''C.UTF-8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'leopard') \gexec
REVOKE ALL ON DATABASE leopard FROM PUBLIC;
GRANT CONNECT ON DATABASE leopard TO leopard_owner, leopard_app;
GRANT SET ON PARAMETER deadlock_timeout, wal_compression TO leopard_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
SQL
}

configure_pgbouncer() {
  local changed=''
  put "$(adapted pgbouncer/pgbouncer.ini)" /etc/pgbouncer/pgbouncer.ini 640 postgres:postgres && changed=yes
  put "\"leopard_app\" \"$app_password\"" /etc/pgbouncer/userlist.txt 640 postgres:postgres && changed=yes
  has_systemd || return 0
  systemctl enable -q pgbouncer
  if [ -n "$changed" ]; then systemctl restart pgbouncer; else systemctl start pgbouncer; fi
}

configure_nginx() {
  install -d -m 755 /etc/nginx/leopard/domains
  install -d -m 700 $tls
  if [ -n "$certificate" ]; then
    install -m 644 "$certificate" $tls/fullchain.pem
    install -m 600 "$key" $tls/privkey.pem
  elif [ ! -e $tls/fullchain.pem ]; then
    say "making a certificate for $domain and *.$domain that nobody has signed"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=$domain" \
      -addext "subjectAltName=DNS:$domain,DNS:*.$domain" -keyout $tls/privkey.pem -out $tls/fullchain.pem 2>/dev/null
  fi
  [ -e /etc/nginx/nginx.conf.debian ] || cp -p /etc/nginx/nginx.conf /etc/nginx/nginx.conf.debian
  rm -f /etc/nginx/sites-enabled/default
  local without='' # what the machine cannot do
  [ -e /proc/net/if_inet6 ] || without='/listen \[::\]/d'
  put "$(adapted nginx/nginx.conf)" /etc/nginx/nginx.conf 644 root:root || true
  put "$(adapted nginx/leopard.conf | sed "$without")" /etc/nginx/conf.d/leopard.conf 644 root:root || true
  put "$(adapted nginx/site.conf)" /etc/nginx/leopard/site.conf 644 root:root || true
  nginx -t -q || fail 'nginx does not take its configuration; see the lines above'
  has_systemd || return 0
  systemctl enable -q nginx
  if systemctl is-active -q nginx; then systemctl reload nginx; else systemctl start nginx; fi
}

install_services() {
  local name
  for name in leopard.target leopard-migrate.service leopard-api@.service leopard-worker.service leopard-imports.service \
    leopard-scheduler.service leopard-.service.d/common.conf; do
    put "$(adapted "systemd/$name")" "/etc/systemd/system/$name" 644 root:root && program_changed=yes
  done
  for name in postgresql@15-main pgbouncer nginx; do
    put "$(cat "$here/systemd/restart.conf")" "/etc/systemd/system/$name.service.d/leopard.conf" 644 root:root || true
  done
  put "$(cat "$here/logs/journald.conf")" /etc/systemd/journald.conf.d/leopard.conf 644 root:root && journal_changed=yes
  put "$(cat "$here/logs/logrotate.conf")" /etc/logrotate.d/leopard 644 root:root || true
  put "$(adapted leopard)" /usr/local/bin/leopard 755 root:root || true
  put "$(cat "$here/own-domain.sh")" /usr/local/bin/leopard-own-domain 755 root:root || true
  put "$(cat "$here/nginx/own-domain.conf")" $etc/own-domain.conf 644 root:root || true
}

start() {
  if ! has_systemd; then
    say 'migrating the database'
    (
      set -a
      . $etc/leopard.env
      . $etc/owner.env
      DATABASE_URL=$DATABASE_DIRECT_URL # PgBouncer does not run
      cd /var/lib/leopard
      runuser -u leopard -- node /opt/leopard/current/bin/leopard.js migrate
    )
    [ -z "${stop_database:-}" ] || pg_ctlcluster 15 main stop
    say 'systemd does not run here, so nothing was started; each unit in /etc/systemd/system/leopard-* says what it runs'
    return
  fi
  systemctl daemon-reload
  [ -z "${journal_changed:-}" ] || systemctl restart systemd-journald
  systemctl enable -q leopard.target leopard-{worker,imports,scheduler}.service leopard-api@{1,2}.service
  if [ -n "${program_changed:-}" ] && systemctl is-active -q leopard.target; then
    say 'migrating the database, then restarting one process after the other'
    systemctl restart leopard-migrate
    systemctl restart leopard-api@1
    systemctl restart leopard-api@2
    systemctl restart leopard-worker leopard-imports leopard-scheduler
  else
    say 'starting'
    systemctl start leopard.target leopard-{worker,imports,scheduler}.service leopard-api@{1,2}.service ||
      fail "it does not start; see: journalctl -u 'leopard-*' -n 50"
  fi
}

check
install_packages
create_user
install_program
write_settings
prepare_database
configure_pgbouncer
configure_nginx
install_services
start
say "installed. The first agency: leopard register_tenant --name 'Everest Education' --tenant everest --admin-email owner@everest.example"
