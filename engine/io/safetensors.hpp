// safetensors: named arrays in one file (github.com/huggingface/safetensors describes the format).
//
//     u64 little-endian header length | JSON header | data
//     header: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, "__metadata__": {..}}
//
// Files written here state in their metadata, as "nibble_sha256", the SHA-256 of what they would be without
// this entry. It is checked when they are read: one changed bit, and the file is refused. Files of other
// programs have none.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/tensor.hpp"

namespace nibble {

/// One array as stored: row-major, little-endian.
struct StoredTensor {
    std::string
        dtype;  ///< "F32", "F64", "BF16", "F16", "I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL"
    Shape shape;
    std::vector<std::byte> bytes;

    /// The values as float. Throws BadInput unless the dtype is F32 (or BF16, which converts exactly).
    Array<float> to_f32() const;
    static StoredTensor from(const Array<float>& values);
};

struct Safetensors {
    std::map<std::string, StoredTensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// Reads a whole file, of 16 GiB at most. It may be hostile: header length, offsets (in bounds, not
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
