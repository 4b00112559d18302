#!/bin/sh
# Makes a backup of the county while it is served, and removes old ones: the newest 14 stay, and before them the newest
# of each month, for 12 months. Called by xinyi-county-backup.timer; every value can be set in /etc/xinyi-county.env.
set -eu
umask 077
county=${XINYI_COUNTY:-/var/lib/xinyi-county/county}
backups=${XINYI_BACKUPS:-/var/backups/xinyi-county}
newest=${XINYI_BACKUPS_NEWEST:-14}
months=${XINYI_BACKUPS_MONTHS:-12}
program=${XINYI_PROGRAM:-$(dirname "$0")/xinyi}

mkdir -p "$backups"
"$program" county backup "$county" --out "$backups/county-$(date -u +%Y%m%dT%H%M%SZ).xinyi-county"

# Only after a backup that went well, so that a failing one never eats up the good ones. The names sort by time.
cd "$backups"
ls | grep -E '^county-[0-9]{8}T[0-9]{6}Z\.xinyi-county$' | sort -r |
    awk -v newest="$newest" -v months="$months" '
        NR <= newest { next }
        { month = substr($0, 8, 6) }
        !(month in kept) && count < months { kept[month]; count++; next }
        { print }' |
    while read -r old; do rm -- "$old"; done
