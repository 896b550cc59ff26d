#include "engine/io/zip_archive.hpp"

#include <zip.h>

#include "engine/core/error.hpp"

namespace nibble {

void ZipArchive::Close::operator()(zip* archive) const {
    zip_discard(archive);
}

ZipArchive::ZipArchive(std::string_view bytes, std::string where)
    : where_(std::move(where)), unread_(bytes.size()) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source) archive_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    const std::string reason = zip_error_strerror(&error);
    if (!archive_) zip_source_free(source);
    zip_error_fini(&error);
    if (!archive_) throw BadInput(where_ + ": damaged or truncated zip archive (" + reason + ")");
}

std::vector<std::string> ZipArchive::names() const {
    std::vector<std::string> names;
    const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive_.get(), 0));
    for (zip_uint64_t i = 0; i < count; ++i)
        if (const char* name = zip_get_name(archive_.get(), i, ZIP_FL_ENC_RAW)) names.emplace_back(name);
    return names;
}

bool ZipArchive::contains(const std::string& name) const {
    return zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW) >= 0;
}

std::string_view ZipArchive::entry(const std::string& name) {
    if (const auto known = entries_.find(name); known != entries_.end()) return known->second;
    const std::string where = where_ + ": " + name;
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW, &stat) != 0 ||
        (stat.valid & kNeeded) != kNeeded)
        throw BadInput(where + ": not in the archive");
    if (stat.comp_method != ZIP_CM_STORE || stat.encryption_method != ZIP_EM_NONE)
        throw BadInput(where + ": compressed or encrypted; PyTorch stores entries as they are");
    if (stat.size > unread_) throw BadInput(where + ": the entries are larger than the file");
    unread_ -= stat.size;

    std::string content(stat.size, '\0');
    char end = 0;
    zip_file_t* file = zip_fopen(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW);
    const bool whole = file &&
                       zip_fread(file, content.data(), stat.size) == static_cast<zip_int64_t>(stat.size) &&
                       zip_fread(file, &end, 1) == 0;  // at the end, libzip compares the CRC
    if (file) zip_fclose(file);
    if (!whole) throw BadInput(where + ": damaged or truncated");
    return entries_.emplace(name, std::move(content)).first->second;
}

}  // namespace nibble
