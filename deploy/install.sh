#!/usr/bin/env bash
# Installs tradebot on Ubuntu 24.04 or Debian 12 and newer, without Docker; run again from a newer
# checkout, it updates. As root:
#
#   deploy/install.sh [--dry-run] [--anyway] [--no-backup] [--no-start] [--version NAME]
#
# It asks nothing and may be run any number of times: what is there is left as it is. An update makes
# a release beside the running one, backs up, stops, migrates, switches, starts, and goes back to the
# release before if the new one does not live. It refuses while a position is open, unless --anyway.
#
#   /opt/tradebot/releases/VERSION   code and its environment; /opt/tradebot/current is the link
#   /etc/tradebot/env                settings and secrets, 0640 root:tradebot
#   /etc/tradebot/accounts/NAME      TRADE_OPTIONS of tradebot-pipeline@NAME
#   /var/lib/tradebot                DATA_DIR
#   /var/backups/tradebot            BACKUP_DIR
#
# --root DIR puts all of it under DIR, for tests.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root='' dry=0 anyway=0 backup=1 start=1 version=''

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --dry-run) dry=1 ;;
    --anyway) anyway=1 ;;
    --no-backup) backup=0 ;;
    --no-start) start=0 ;;
    --version) version=${2:?--version needs a name} && shift ;;
    --root) root=${2:?--root needs a folder} && shift ;;
    *) fail "$1 is no option; it takes --dry-run --anyway --no-backup --no-start --version NAME" ;;
  esac
  shift
done

opt=$root/opt/tradebot etc=$root/etc/tradebot data=$root/var/lib/tradebot
backups=$root/var/backups/tradebot units=$root/etc/systemd/system
current=$opt/current env=$etc/env

# Says what is done, and does it unless this is a dry run.
run() {
  if ((dry)); then say "would: $*"; else "$@"; fi
}

# Writes standard input to a file, if that changes it: put FILE MODE OWNER. Says the name alone.
put() {
  local text
  text=$(cat; printf x)
  text=${text%x}
  if [[ -f $1 ]] && cmp -s "$1" <(printf '%s' "$text"); then return 0; fi
  if ((dry)); then say "would: write $1 ($2 $3)"; return 0; fi
  install -d "$(dirname "$1")"
  (umask 077 && printf '%s' "$text" >"$1.new")
  chmod "$2" "$1.new"
  chown "$3" "$1.new"
  mv "$1.new" "$1"
  say "Wrote $1"
}

secret() { head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c "$1"; }

# What a variable of the environment file is set to; the file may not be there yet.
value() { [[ -f $env ]] && sed -n "s/^$1=//p" "$env" | tail -n 1 || true; }

check_machine() {
  ((EUID == 0)) || ((dry)) || fail 'needs root: sudo deploy/install.sh'
  [[ -f $source_dir/manage.py ]] || fail "$source_dir is no tradebot: run it from a checkout"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "python3 is older than 3.11; this needs Ubuntu 24.04, or Debian 12, or newer"
  if [[ -z $version ]]; then
    version=$(git -C "$source_dir" describe --tags --always --dirty 2>/dev/null ||
      sed -n 's/^version = "\(.*\)"/\1/p' "$source_dir/pyproject.toml")
  fi
  [[ $version =~ ^[A-Za-z0-9._-]+$ ]] || fail "version $version has other than letters, digits, . _ -"
}

install_packages() {
  local name missing=()
  for name in postgresql postgresql-client redis-server python3-venv ca-certificates; do
    dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  export DEBIAN_FRONTEND=noninteractive
  run apt-get update -qq
  run apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

make_user_and_folders() {
  id tradebot >/dev/null 2>&1 ||
    run useradd --system --user-group --home-dir /var/lib/tradebot --shell /usr/sbin/nologin tradebot
  run install -d -m 0755 "$opt" "$opt/releases"
  run install -d -m 0750 "$etc" "$etc/accounts"
  run chown root:tradebot "$etc" "$etc/accounts"
  run install -d -m 0700 "$data" "$backups"
  run chown tradebot:tradebot "$data" "$backups"
}

# Secrets are made once and stay. The file keeps what the operator wrote; only what is missing is added.
write_environment() {
  local added=() database redis
  database=$(value DATABASE_URL) redis=$(value REDIS_URL)
  [[ -n $(value SECRET_KEY) ]] || added+=("SECRET_KEY=$(secret 50)")
  [[ -n $database ]] ||
    added+=("DATABASE_URL=postgres://tradebot:$(secret 32)@127.0.0.1:5432/tradebot")
  [[ -n $redis ]] || added+=("REDIS_URL=redis://:$(secret 32)@127.0.0.1:6379/0")
  [[ -n $(value DATA_DIR) ]] || added+=("DATA_DIR=${data#"$root"}")
  [[ -n $(value BACKUP_DIR) ]] || added+=("BACKUP_DIR=${backups#"$root"}")
  [[ -n $(value LOG_FORMAT) ]] || added+=('LOG_FORMAT=json')
  [[ -n $(value WATCH_PAGES) ]] || added+=('WATCH_PAGES=http://127.0.0.1:8000/health/')
  ((${#added[@]})) || return 0
  {
    if [[ -f $env ]]; then cat "$env"; else cat "$source_dir/.env.example"; fi
    printf '\n# Made by install.sh\n'
    printf '%s\n' "${added[@]}"
  } | put "$env" 0640 root:tradebot
}

ours() { [[ $(value "$1") == *@127.0.0.1:* ]]; }

# The password is in the address, between the second colon and the at sign.
password() { value "$1" | sed -n 's|^[a-z]*://[^:@]*:\([^@]*\)@.*|\1|p'; }

set_up_postgres() {
  ours DATABASE_URL || ((dry)) || return 0
  if ((dry)); then say 'would: make role and database tradebot, if they are not there'; return 0; fi
  local folder
  for folder in "$root"/etc/postgresql/*/main/conf.d; do
    [[ -d $folder ]] || continue
    printf "listen_addresses = 'localhost'\n" | put "$folder/tradebot.conf" 0644 root:root
  done
  systemctl enable --now postgresql.service
  # createdb: a backup is verified in a database of its own.
  (cd / && runuser -u postgres -- psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --output=/dev/null) <<SQL
select 'create role tradebot' where not exists (select from pg_roles where rolname = 'tradebot')\\gexec
alter role tradebot login createdb password '$(password DATABASE_URL)';
select 'create database tradebot owner tradebot'
  where not exists (select from pg_database where datname = 'tradebot')\\gexec
SQL
}

set_up_redis() {
  ours REDIS_URL || ((dry)) || return 0
  local conf=$root/etc/redis/redis.conf ours=$root/etc/redis/tradebot.conf before
  before=$(cat "$ours" 2>/dev/null || true)
  put "$ours" 0640 redis:redis <<CONF
# Made by tradebot's install.sh.
bind 127.0.0.1 -::1
protected-mode yes
requirepass $(password REDIS_URL)
appendonly yes
maxmemory-policy noeviction
CONF
  ((dry)) && return 0
  if [[ -f $conf ]] && ! grep -qx "include ${ours#"$root"}" "$conf"; then
    printf '\ninclude %s\n' "${ours#"$root"}" >>"$conf"
    before=
  fi
  systemctl enable redis-server.service
  if [[ $before != "$(cat "$ours")" ]]; then systemctl restart redis-server.service; fi
}

# A release is complete or is made anew.
make_release() {
  release=$opt/releases/$version
  if [[ -f $release/.complete ]]; then say "Release $version is there"; return 0; fi
  if ((dry)); then say "would: make $release from $source_dir, with its own environment"; return 0; fi
  say "Making release $version"
  rm -rf "$release"
  install -d -m 0755 "$release"
  tar -C "$source_dir" --exclude=./.git --exclude=./.venv --exclude=./.env --exclude=./data \
    --exclude=./tests --exclude=./bench --exclude=./artefacts --exclude=__pycache__ -cf - . |
    tar -C "$release" --no-same-owner -xf -
  python3 -m venv "$release/.venv"
  "$release/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "$release/requirements.txt"
  # Nobody but root may write there.
  "$release/.venv/bin/python" -m compileall -q "$release"/{engine,marketdata,trading,backtests,tradebot}
  chmod -R go-w,a+rX "$release"
  touch "$release/.complete"
}

# manage RELEASE WORDS...: as the services would.
manage() {
  local from=$1
  shift
  (cd "$from" && runuser -u tradebot -- env ENV_FILE="$env" NUMBA_CACHE_DIR="$data/compiled" \
    .venv/bin/python "$@")
}

pipelines() {
  local file
  for file in "$etc"/accounts/*; do
    if [[ -f $file ]]; then printf 'tradebot-pipeline@%s.service\n' "${file##*/}"; fi
  done
  if ((dry)) && [[ ! -d $etc/accounts ]]; then echo tradebot-pipeline@paper-MES.service; fi
}

first_account() {
  if [[ -z $(find "$etc/accounts" -type f 2>/dev/null) ]]; then
    put "$etc/accounts/paper-MES" 0640 root:tradebot <<'ACCOUNT'
# What tradebot-pipeline@paper-MES trades: the options of `manage.py trade`.
TRADE_OPTIONS=--feed simulator --symbol MES --mode paper
ACCOUNT
  fi
}

refuse_in_a_position() {
  [[ -e $current ]] || return 0
  if ((dry)); then say 'would: look whether a position is open'; return 0; fi
  local open code=0
  open=$(manage "$current" deploy/open_positions.py) || code=$?
  if ((code == 3)) && ((anyway)); then
    say "Restarting although this is open, as --anyway says:" "$open"
  elif ((code == 3)); then
    fail "a position is open, and the pipeline would be restarted: $open. Flatten it first, or wait;
--anyway restarts: a real position stays under its bracket at the broker, a paper one is closed"
  elif ((code)); then
    ((anyway)) || fail "it cannot be told whether a position is open (see above); --anyway goes on"
  fi
}

# Whoever watches is stopped first and started last, who trades is stopped for the shortest time.
stop_all() {
  local pipes
  mapfile -t pipes < <(pipelines)
  run systemctl stop tradebot-watchdog.service tradebot-beat.service tradebot-worker.service
  run systemctl stop tradebot-web.service
  run systemctl stop "${pipes[@]}"
}

start_all() {
  local pipes
  mapfile -t pipes < <(pipelines)
  run systemctl start "${pipes[@]}" && run systemctl start tradebot-web.service &&
    run systemctl start tradebot-worker.service tradebot-beat.service tradebot-watchdog.service
}

install_units() {
  local from=$1/deploy/systemd file
  if ((dry)); then from=$source_dir/deploy/systemd; fi
  while IFS= read -r file; do
    put "$units/${file#"$from"/}" 0644 root:root <"$file" || return 1
  done < <(find "$from" -type f | sort)
  run systemctl daemon-reload
}

switch_to() {
  if ((dry)); then say "would: link $current to $1"; return 0; fi
  ln -sfn "releases/${1##*/}" "$current.new"
  mv -T "$current.new" "$current"
}

lives() {
  ((dry)) && return 0
  local pipes unit try
  mapfile -t pipes < <(pipelines)
  for try in {1..30}; do
    if manage "$current" deploy/healthy.py web "$(port)" >/dev/null 2>&1; then break; fi
    if ((try == 30)); then say 'The page does not answer'; return 1; fi
    sleep 2
  done
  for unit in "${pipes[@]}" tradebot-worker.service tradebot-beat.service tradebot-watchdog.service; do
    systemctl is-active --quiet "$unit" || { say "$unit does not run"; return 1; }
  done
}

port() {
  local found=''
  [[ -f $etc/web ]] && found=$(sed -n 's/^PORT=//p' "$etc/web")
  printf '%s' "${found:-8000}"
}

bring_up() {
  local pipes
  mapfile -t pipes < <(pipelines)
  manage_or_say "$release" manage.py migrate --no-input &&
    install_units "$release" && switch_to "$release" &&
    run systemctl enable --quiet tradebot.target tradebot-web.service tradebot-worker.service \
      tradebot-beat.service tradebot-watchdog.service tradebot-backup.timer "${pipes[@]}" &&
    run ln -sfn "${current#"$root"}/deploy/tradebotctl" "$root/usr/local/sbin/tradebotctl" ||
    return 1
  ((start)) || return 0
  run systemctl start tradebot-backup.timer && start_all && lives
}

manage_or_say() {
  if ((dry)); then say "would: ${*:2}"; else manage "$@"; fi
}

activate() {
  local before=''
  [[ -e $current ]] && before=$(readlink -f "$current")
  if [[ $before == "$release" ]]; then
    say "$version is the one that runs; what is not started is started"
    bring_up || fail 'it does not live; see: journalctl -u "tradebot*" -n 50'
    return 0
  fi
  if [[ -n $before ]]; then
    refuse_in_a_position
    if ((backup)); then
      manage_or_say "$before" manage.py backup ||
        fail 'the backup failed; nothing was changed (--no-backup goes on)'
    fi
    stop_all
  fi
  if bring_up; then return 0; fi
  [[ -n $before ]] || fail 'it does not live; see: journalctl -u "tradebot*" -n 50'
  say "Going back to ${before##*/}"
  stop_all || true
  install_units "$before" || true
  switch_to "$before"
  if ((start)); then start_all || true; fi
  fail "$version does not live, ${before##*/} is back. Its migrations stay: if the old version stumbles
over them, restore the backup that was just made (tradebotctl restore latest --replace)"
}

# The running one and the two before it.
delete_old_releases() {
  local old
  ((dry)) && return 0
  while IFS= read -r old; do
    if [[ $old != "$(readlink -f "$current")" ]]; then rm -rf "$old"; fi
  done < <(find "$opt/releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn |
    tail -n +4 | cut -d' ' -f2-)
}

check_machine
install_packages
make_user_and_folders
write_environment
set_up_postgres
set_up_redis
make_release
first_account
activate
delete_old_releases
((dry)) && say 'Nothing was changed.' && exit
say "tradebot $version is installed: http://127.0.0.1:$(port) on this machine. Next: docs/rebuild.md"
