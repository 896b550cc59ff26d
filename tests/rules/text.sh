#!/bin/sh
# Text files: no trailing blanks, no tabs where they mean nothing, no carriage returns, a newline at the end.
. "$(dirname "$0")/lib.sh"

# grep -I leaves out binary files.
project_files '*' | grep -vE '^(LICENSE|tests/golden/.*\.bin)$' | xargs -d '\n' -r grep -Il '' | each_file '
/[ \t]$/ { print FILENAME ":" FNR ": blank at the end of the line" }
/\r/ { print FILENAME ":" FNR ": carriage return" }
/\t/ && FILENAME !~ /(^|\/)(Makefile|[^\/]*\.mk|[^\/]*\.tsv)$/ { print FILENAME ":" FNR ": tab" }
' >"${TMPDIR:-/tmp}/nibble-text.$$"
project_files '*' | xargs -d '\n' -r grep -Il '' | while IFS= read -r file; do
    [ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
done >>"${TMPDIR:-/tmp}/nibble-text.$$"
trap 'rm -f "${TMPDIR:-/tmp}/nibble-text.$$"' EXIT
verdict text <"${TMPDIR:-/tmp}/nibble-text.$$"
