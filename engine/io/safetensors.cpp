#include "engine/io/safetensors.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"

namespace nibble {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr JsonLimits kHeaderLimits{3, 4'000'000};  // three deep: header, entry, shape
constexpr std::size_t kAlignment = 8;
const char* const kMetadata = "__metadata__";
const char* const kDigest = "nibble_sha256";  // in the metadata

/// Where one tensor lies in the file, as its header says and after that has been checked.
struct Entry {
    std::string name, dtype;
    Shape shape;
    std::uint64_t begin = 0, end = 0;
};

std::vector<std::uint64_t> unsigned_numbers(const Json& value, const std::string& where) {
    const auto is_unsigned = [](const Json& v) { return v.is_number_unsigned(); };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_unsigned))
        throw BadInput(where + ": expected a list of non-negative integers");
    return value.get<std::vector<std::uint64_t>>();
}

Entry parse_entry(const std::string& name, const Json& value, const std::string& file) {
    const std::string where = file + ": tensor " + quoted(name);
    Fields fields(value, where);
    Entry entry;
    entry.name = name;
    entry.dtype = fields.require<std::string>("dtype");
    const auto shape = unsigned_numbers(fields.require<Json>("shape"), where + ": shape");
    const auto offsets = unsigned_numbers(fields.require<Json>("data_offsets"), where + ": data_offsets");
    fields.finish();

    entry.shape.assign(shape.begin(), shape.end());
    if (offsets.size() != 2 || offsets[0] > offsets[1])
        throw BadInput(where + ": data_offsets must be [begin, end] with begin <= end");
    entry.begin = offsets[0];
    entry.end = offsets[1];
    const std::uint64_t expected = byte_count(entry.dtype, entry.shape, where);
    if (entry.end - entry.begin != expected)
        throw BadInput(where, "bytes for " + entry.dtype + " " + to_string(entry.shape),
                       std::to_string(expected), std::to_string(entry.end - entry.begin));
    return entry;
}

/// The tensors must tile the data exactly: sorted by place, each begins where the one before ends.
void check_tiling(std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& where) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t end = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != end)
            throw BadInput(where + ": tensor " + quoted(entry.name),
                           entry.begin < end ? "overlap, begin of data" : "hole, begin of data",
                           std::to_string(end), std::to_string(entry.begin));
        end = entry.end;
    }
    if (end != data_bytes)
        throw BadInput(where, end > data_bytes ? "truncated, bytes of data" : "trailing bytes, bytes of data",
                       std::to_string(end), std::to_string(data_bytes));
}

std::map<std::string, std::string> parse_metadata(const Json& value, const std::string& where) {
    const auto is_text = [](const Json& v) { return v.is_string(); };
    if (!value.is_object() || !std::all_of(value.begin(), value.end(), is_text))
        throw BadInput(where + ": __metadata__ must be an object of strings");
    return value.get<std::map<std::string, std::string>>();
}

/// The header's text; the data begins behind it.
std::string_view header_in(std::string_view file, const std::string& where) {
    if (file.size() < kLengthBytes)
        throw BadInput(where, "size of a safetensors file", "at least 8 bytes", std::to_string(file.size()));
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), kLengthBytes);
    if (length > kMaxHeader || length > file.size() - kLengthBytes)
        throw BadInput(where, "header length", "at most 100 MB and within the file", std::to_string(length));
    const std::string_view text = file.substr(kLengthBytes, length);
    if (!text.starts_with('{'))
        throw BadInput(where + ": not a safetensors file: the header is no JSON object");
    return text;
}

/// Throws BadInput for contents that no reader would accept.
std::uint64_t check_for_writing(const std::string& name, const StoredTensor& tensor) {
    const std::string where = "tensor " + quoted(name);
    if (name == kMetadata) throw BadInput(where + ": this name is reserved");
    const std::uint64_t expected = byte_count(tensor.dtype, tensor.shape, where);
    if (tensor.bytes.size() != expected)
        throw BadInput(where, "bytes", std::to_string(expected), std::to_string(tensor.bytes.size()));
    return expected;
}

std::string header_text(const Safetensors& contents, const std::map<std::string, std::string>& metadata) {
    Json header = Json::object();
    std::uint64_t end = 0;
    for (const auto& [name, tensor] : contents.tensors) {
        const std::uint64_t begin = end;
        end += check_for_writing(name, tensor);
        header[name] = {
            {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", Json::array({begin, end})}};
    }
    if (!metadata.empty()) header[kMetadata] = metadata;
    try {
        std::string text = header.dump();
        text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
        return text;
    } catch (const Json::exception&) {
        throw BadInput("safetensors: a name or metadata text is not valid UTF-8");
    }
}

std::string bytes_with(const Safetensors& contents, const std::map<std::string, std::string>& metadata) {
    const std::string header = header_text(contents, metadata);
    const std::uint64_t length = header.size();
    std::string file(reinterpret_cast<const char*>(&length), sizeof length);
    file += header;
    for (const auto& [name, tensor] : contents.tensors)
        file.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    return file;
}

/// Of what a file without the digest would hold.
std::string digest_of(const Safetensors& contents) {
    return nibble::digest_of(bytes_of(contents));
}

}  // namespace

bool is_safetensors(std::string_view file) {
    return file.size() > kLengthBytes && file[kLengthBytes] == '{';
}

Safetensors read_safetensors(const fs::path& path) {
    return safetensors_from(read_file(path, kLargestTensorFile), path.string());
}

Safetensors safetensors_from(std::string_view file, const std::string& where) {
    const std::string_view text = header_in(file, where), data = file.substr(kLengthBytes + text.size());
    Safetensors contents;
    std::vector<Entry> entries;
    const Json header = parse_json(text, where + ": the header", kHeaderLimits);
    for (const auto& [name, value] : header.items()) {
        if (name == kMetadata)
            contents.metadata = parse_metadata(value, where);
        else
            entries.push_back(parse_entry(name, value, where));
    }
    check_tiling(entries, data.size(), where);
    for (const Entry& entry : entries) {
        const auto bytes = std::as_bytes(std::span(data)).subspan(entry.begin, entry.end - entry.begin);
        contents.tensors.emplace(entry.name,
                                 StoredTensor{entry.dtype, entry.shape, {bytes.begin(), bytes.end()}});
    }
    if (const auto stated = contents.metadata.extract(kDigest);
        !stated.empty() && stated.mapped() != digest_of(contents))
        throw BadInput(where +
                       ": damaged, or changed by another program: its content is not that of its digest; "
                       "make it again, or restore a copy");
    return contents;
}

std::string bytes_of(const Safetensors& contents) {
    return bytes_with(contents, contents.metadata);
}

void write_safetensors(const fs::path& path, const Safetensors& contents) {
    auto metadata = contents.metadata;
    metadata[kDigest] = digest_of(contents);
    write_file(path, bytes_with(contents, metadata));
}

}  // namespace nibble
