// What any bytes at all may do when they are taken for a quantized network: be refused in one line, or run.
#pragma once

#include <string>

namespace nibble::test {

enum class Outcome {
    refused,
    too_large,  ///< accepted, but running it would take long
    ran         ///< and integer execution and simulation agreed
};

/// Takes the bytes for a file, reads the network, writes and reads it again, and runs one image if it is
/// small. Throws std::logic_error when anything but that happens.
Outcome try_integer_file(const std::string& bytes);

}  // namespace nibble::test
