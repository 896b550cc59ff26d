#include "engine/core/json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "engine/core/error.hpp"

namespace nibble {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path))
        throw IoError(path.string() + ": cannot be opened for reading");
    std::string text;
    std::array<char, 1 << 16> buffer{};
    while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0)
        text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (in.bad()) throw IoError(path.string() + ": reading failed");
    return text;
}

Json read_json(const std::filesystem::path& path) {
    return parse_json(read_file(path), path.string(), kFileLimits);
}

Json parse_json(const std::string& text, const std::string& where, JsonLimits limits) {
    std::vector<std::set<std::string>> keys;  // of each object we are in
    std::size_t values = 0;
    const auto inspect = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > limits.depth || ++values > limits.values)
            throw BadInput(where + " is nested too deeply or has too many values");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
            throw BadInput(where + " has two entries named " + parsed.dump());
        return true;
    };
    try {
        return Json::parse(text, inspect);
    } catch (const Json::parse_error& e) {
        throw BadInput(where + " is not valid JSON near its byte " + std::to_string(e.byte));
    } catch (const Json::exception&) {
        throw BadInput(where + " holds a number too large for a double");
    }
}

void require_replaceable(const std::filesystem::path& path) {
    std::error_code unknown;  // a path that cannot be looked at fails where it is written
    const std::filesystem::file_status status = std::filesystem::status(path, unknown);
    if (std::filesystem::is_directory(status)) throw IoError(path.string() + ": is a folder; name a file");
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        throw IoError(path.string() + ": is no regular file, and would be replaced by one; name another");
}

void write_file(const std::filesystem::path& named, std::string_view bytes) {
    require_replaceable(named);
    std::error_code none, folder;
    const std::filesystem::path path =
        std::filesystem::is_symlink(named, none) ? std::filesystem::weakly_canonical(named) : named;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), folder);
    if (folder) throw IoError(path.string() + ": its folder cannot be made: " + folder.message());
    const std::string partial = path.string() + "." + std::to_string(::getpid()) + ".partial";
    const auto fail = [&](const char* what) {
        const std::string reason = std::strerror(errno);
        ::unlink(partial.c_str());
        throw IoError(path.string() + ": " + what + " failed: " + reason);
    };
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) fail("opening for writing");
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            ::close(fd);
            fail("writing");
        }
        done += static_cast<std::size_t>(n);
    }
    // The data must reach the disk before the name does, or a crash could leave an empty file under that
    // name.
    if (::fsync(fd) != 0 && errno != EINVAL) {
        ::close(fd);
        fail("flushing");
    }
    if (::close(fd) != 0) fail("closing");
    if (::rename(partial.c_str(), path.c_str()) != 0) fail("renaming");
}

void write_json(const std::filesystem::path& path, const Json& value) {
    write_file(path, value.dump(2) + "\n");
}

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw BadInput(where_ + ": expected a JSON object, found " + object.type_name());
}

void Fields::finish() const {
    for (const auto& [key, value] : object_.items())
        if (!seen_.contains(key)) {
            std::string known;
            for (const std::string& k : seen_) known += (known.empty() ? "" : ", ") + k;
            throw BadInput(where_ + ": unknown key '" + key + "' (known: " + known + ")");
        }
}

void Fields::missing(const std::string& key) const {
    throw BadInput(where_ + ": key '" + key + "' is missing");
}

void Fields::wrong_type(const std::string& key) const {
    constexpr std::size_t kShown = 60;
    std::string found = object_.at(key).dump();
    if (found.size() > kShown) found = found.substr(0, kShown) + "...";
    throw BadInput(where_ + ": key '" + key + "' has an unexpected type or range: " + found);
}

}  // namespace nibble
