// safetensors: named arrays in one file (github.com/huggingface/safetensors describes the format).
//
//     u64 little-endian header length | JSON header | data
//     header: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, "__metadata__": {..}}
//
// Files written here state in their metadata, as "nibble_sha256", the SHA-256 of what they would be without
// this entry. It is checked when they are read: one changed bit, and the file is refused. Files of other
// programs have none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "engine/io/stored_tensor.hpp"

namespace nibble {

struct Safetensors {
    std::map<std::string, StoredTensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// No larger file of tensors is read.
inline constexpr std::uintmax_t kLargestTensorFile = std::uintmax_t{16} << 30;

/// Whether it begins as one does.
bool is_safetensors(std::string_view file);

/// Reads a whole file. It may be hostile: header length, offsets (in bounds, not
/// overlapping, no holes), dtype x shape against byte count, duplicate names are all checked before anything
/// is allocated for a tensor. The digest, where there is one, is checked and left out of the metadata. Throws
/// IoError, BadInput.
Safetensors read_safetensors(const std::filesystem::path& path);

/// The same for a file that lies in memory; `where` names it in messages.
Safetensors safetensors_from(std::string_view bytes, const std::string& where);

/// The bytes of a file without digest: tensors in the order of their names, the header padded with spaces to
/// a multiple of 8. Equal contents give equal bytes. Throws BadInput for contents that could not be read
/// back.
std::string bytes_of(const Safetensors& contents);

/// Writes them atomically, with their digest.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);

}  // namespace nibble
