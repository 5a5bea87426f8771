#!/bin/sh
# Writes inputs/ts_*.json and tsg_*.json: sh typescript.sh FOLDER, with
# typescript-json-schema and ts-json-schema-generator installed beside this file.
for type in Party Order Trip Odd Combined Nested; do
  name=$(echo "$type" | tr '[:upper:]' '[:lower:]')
  npx typescript-json-schema types.ts "$type" --required --strictNullChecks --noExtraProps > "$1/ts_$name.json"
  npx ts-json-schema-generator --path types.ts --type "$type" --no-type-check > "$1/tsg_$name.json"
done
npx typescript-json-schema types.ts Order --required --strictNullChecks --titles --propOrder > "$1/ts_order_titles.json"
npx typescript-json-schema types.ts Order --required --strictNullChecks --topRef --aliasRefs > "$1/ts_order_top_ref.json"
npx ts-json-schema-generator --path types.ts --type Order --no-type-check --no-top-ref > "$1/tsg_order_no_top_ref.json"
npx ts-json-schema-generator --path types.ts --type Order --no-type-check --expose none > "$1/tsg_order_inline.json"
