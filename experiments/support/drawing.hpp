// Pictures by programs that read a script and write to standard output: gnuplot, Graphviz.
#pragma once

#include <string>
#include <string_view>

namespace nibble {

/// What `command` (a program and its options) draws of the script; it ends in `end`, for a program may not mind
/// what it cannot write. Throws Unsupported, naming the Debian `package`, where the program is not installed; Error
/// with its complaint where it fails.
std::string drawn_by(const std::string& command, const std::string& package, const std::string& script,
                     std::string_view end);

}  // namespace nibble
