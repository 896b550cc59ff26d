// Typed errors. Every failure a user can cause ends as one line: what is wrong, where, and what was expected.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace nibble {

/// Messages quote names from files, which may hold line feeds or a terminal's escape sequences.
inline std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    return text;
}

/// Base of all errors thrown by Nibble; `what()` is one line that says what to do.
class Error : public std::runtime_error {
  public:
    explicit Error(std::string text) : std::runtime_error(one_line(std::move(text))) {}
};

/// A file or value from outside is malformed: truncated, out of bounds, unknown key, wrong shape.
class BadInput : public Error {
  public:
    using Error::Error;
    /// "<where>: <what>: expected <expected>, found <found>"
    BadInput(const std::string& where, const std::string& what, const std::string& expected,
             const std::string& found)
        : Error(where + ": " + what + ": expected " + expected + ", found " + found) {}
};

/// The operating system refused: missing file, full disk, no permission.
class IoError : public Error {
  public:
    using Error::Error;
};

/// The request makes sense but this build or machine cannot do it (an instruction set, say).
class Unsupported : public Error {
  public:
    using Error::Error;
};

}  // namespace nibble
