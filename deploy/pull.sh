#!/bin/sh
# Fetch the published run from object storage and publish it here. A run is renamed into place when all
# of it has come, and published after that: nobody sees half of one.
#
# CLV_REMOTE, CLV_RUNS, CLV_COPY  as for push.sh; PYTHON: the interpreter (default: python)
set -eu
: "${CLV_REMOTE:?says where from}" "${CLV_RUNS:?is the run store}"
copy=${CLV_COPY:-rclone copyto}
mkdir -p "$CLV_RUNS/runs"
pointer=$(mktemp)
trap 'rm -f "$pointer"' EXIT
$copy "$CLV_REMOTE/published.json" "$pointer"
id=$(grep -o '"run": "[0-9a-f]\{32\}"' "$pointer" | head -n 1 | cut -d '"' -f 4)
[ -n "$id" ]
if [ ! -d "$CLV_RUNS/runs/$id" ]; then
  rm -rf "$CLV_RUNS/runs/.partial-$id"
  $copy "$CLV_REMOTE/runs/$id" "$CLV_RUNS/runs/.partial-$id"
  mv "$CLV_RUNS/runs/.partial-$id" "$CLV_RUNS/runs/$id"
fi
"${PYTHON:-python}" -m clv runs publish "$id" --wait 600
