#!/usr/bin/env bash
# /usr/local/bin/leopard-own-domain: serves an agency's own domain through nginx, with a certificate of its own.
#   leopard-own-domain crm.acme.example                                            # from Let's Encrypt
#   leopard-own-domain crm.acme.example --certificate fullchain.pem --key privkey.pem
#   leopard-own-domain crm.acme.example --remove
set -euo pipefail

fail() {
  echo "leopard-own-domain: $*" >&2
  exit 1
}

domain=${1:-}
[[ $domain =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$ ]] || fail 'usage: leopard-own-domain DOMAIN'
shift
certificate='' key='' remove=''
while [ $# -gt 0 ]; do
  case $1 in
    --certificate | --key)
      [ -r "${2:-}" ] || fail "$1: ${2:-} cannot be read"
      declare "${1#--}=$2"
      shift 2
      ;;
    --remove) remove=yes && shift ;;
    *) fail "unknown option $1" ;;
  esac
done
[ "$(id -u)" = 0 ] || fail 'run it as root'
[ -z "$certificate$key" ] || { [ -n "$certificate" ] && [ -n "$key" ]; } || fail '--certificate and --key belong together'

site=/etc/nginx/leopard/domains/$domain.conf
reload() { [ ! -d /run/systemd/system ] || systemctl reload nginx; }
if [ -n "$remove" ]; then
  rm -f "$site"
  reload
  exit
fi

registered=$(runuser -u postgres -- psql -XAtd leopard -c "SELECT count(*) FROM public.tenants_domain WHERE domain = '$domain'")
[ "$registered" = 1 ] || fail "$domain is no agency's; first: leopard tenants domains add $domain --tenant AGENCY"

if [ -n "$certificate" ]; then
  folder=/etc/leopard/tls/$domain
  install -d -m 700 "$folder"
  install -m 644 "$certificate" "$folder/fullchain.pem"
  install -m 600 "$key" "$folder/privkey.pem"
else
  folder=/etc/letsencrypt/live/$domain
  command -v certbot >/dev/null || fail 'certbot is missing: apt-get install certbot'
  [ -e "$folder/fullchain.pem" ] ||
    certbot certonly --webroot --webroot-path /var/www/leopard-acme --domain "$domain" --non-interactive --agree-tos \
      --register-unsafely-without-email --deploy-hook 'systemctl reload nginx'
fi

without=''
[ -e /proc/net/if_inet6 ] || without='/listen \[::\]/d'
sed "s/crm\.acme\.example/$domain/g; s#/etc/letsencrypt/live/$domain#$folder#; $without" \
  /etc/leopard/own-domain.conf >"$site"
if ! nginx -t -q; then
  rm "$site"
  fail 'nginx does not take the certificate; see the lines above'
fi
reload
