#!/bin/sh
# The main job on the sample: records 240 requests through the sample model, plans for an imaginary deployment of 2 nodes
# with 4 GPUs each, and leaves recording, plan, five exports and a report in samples/out. Builds moeplan first if needed.
set -eu
cd "$(dirname "$0")/.."

moeplan=cli/target/moeplan/bin/moeplan
if [ ! -x "$moeplan" ]; then
    echo "Building moeplan (once; a few minutes on a fresh machine) ..." >&2
    mvn -B -ntp -q -DskipTests package >&2
fi

rm -rf samples/out
exec "$moeplan" profile --model samples/model --workload samples/workloads/mixed.jsonl \
    --nodes 2 --gpus 8 --redundant 8 --out samples/out "$@"
