#!/bin/sh
# Installs or upgrades the county server from a folder that bundle.py made. As root; needs no internet.
#
#   sh install.sh            program in /opt/xinyi, services, user xinyi-county
#   sh install.sh FOLDER     the program alone, into FOLDER (to try it, or in a container)
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/xinyi}
case $target in /*) ;; *) target=$PWD/$target ;; esac
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; name it like this: PYTHON=/usr/local/bin/python3.11 sh $0" >&2
    exit 1
}

as=""
if [ -z "${1:-}" ]; then
    install -D -m 644 "$here/xinyi-county.sysusers" /usr/lib/sysusers.d/xinyi-county.conf
    systemd-sysusers /usr/lib/sysusers.d/xinyi-county.conf
    as="runuser -u xinyi-county --"
fi

# Made beside the old one and put in its place when it is whole: an upgrade that breaks off changes nothing.
new="$target.new"
rm -rf "$new"
"$python" -m venv "$new"
pip="$new/bin/python -m pip --disable-pip-version-check -q install --no-index --no-deps"
$pip --require-hashes --find-links "$here/wheels" -r "$here/requirements.txt"
$pip "$here"/wheels/xinyi-*.whl
# The programs in bin name the folder that they were made in.
find "$new/bin" -type f -exec sed -i "s|$new|$target|g" {} +
install -m 755 "$here/backup.sh" "$new/bin/xinyi-county-backup"
# As the one who will run it: a Python in somebody's home is out of their reach.
(cd / && $as "$new/bin/python" -I -m ui county --help >/dev/null) || {
    echo "The program does not run with $python, and what was installed before is as it was. Name another: PYTHON=/usr/bin/python3 sh $0" >&2
    exit 1
}
rm -rf "$target.old"
[ ! -e "$target" ] || mv "$target" "$target.old"
mv "$new" "$target"
[ -z "${1:-}" ] || exit 0

[ -e /etc/xinyi-county.env ] || install -m 644 "$here/xinyi-county.env" /etc/xinyi-county.env
install -d -o xinyi-county -g xinyi-county -m 700 /var/lib/xinyi-county /var/lib/xinyi-county/papers
install -d -o xinyi-county -g xinyi-county -m 700 /var/backups/xinyi-county
for unit in xinyi-county.service xinyi-county-backup.service xinyi-county-backup.timer; do
    install -D -m 644 "$here/$unit" "/etc/systemd/system/$unit"
done
ln -sf "$target/bin/xinyi" /usr/local/bin/xinyi
systemctl daemon-reload
if systemctl is-active --quiet xinyi-county; then systemctl restart xinyi-county; fi
"$target/bin/python" -I -c "from importlib.metadata import version; print(\"xinyi\", version(\"xinyi\"))"
