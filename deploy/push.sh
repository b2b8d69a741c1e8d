#!/bin/sh
# Copy the published run to object storage: the run first, the pointer to it last.
#
# CLV_REMOTE  where to, as rclone names it (s3:bucket/clv)
# CLV_RUNS    the run store
# CLV_COPY    what copies a folder or a file to a name (default: rclone copyto)
set -eu
: "${CLV_REMOTE:?says where to}" "${CLV_RUNS:?is the run store}"
copy=${CLV_COPY:-rclone copyto}
# The pointer is read once: whatever is published meanwhile is for the next time.
pointer=$(mktemp)
trap 'rm -f "$pointer"' EXIT
cat "$CLV_RUNS/published.json" > "$pointer"
id=$(grep -o '"run": "[0-9a-f]\{32\}"' "$pointer" | head -n 1 | cut -d '"' -f 4)
[ -n "$id" ]
$copy "$CLV_RUNS/runs/$id" "$CLV_REMOTE/runs/$id"
$copy "$pointer" "$CLV_REMOTE/published.json"
echo "$id"
