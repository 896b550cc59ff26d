// A folder of a test's own below the system's temporary one, gone when the test ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace nibble::test {

class Scratch {
  public:
    explicit Scratch(const std::string& name = "test") {
        std::string path = (std::filesystem::temp_directory_path() / ("nibble-" + name + "-XXXXXX")).string();
        if (!mkdtemp(path.data())) throw std::runtime_error("cannot make a scratch folder " + path);
        path_ = path;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

    /// Writes a file, making its folders.
    std::filesystem::path write(const std::string& name, const std::string& bytes) const {
        const std::filesystem::path path = path_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace nibble::test
