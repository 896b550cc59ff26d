// The entries of a zip archive that lies in memory (libzip does the work).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace nibble {

/// Entries must be stored, neither compressed nor encrypted, as PyTorch writes them: then nothing that is read
/// is larger than the archive. The archive may be hostile.
class ZipArchive {
  public:
    /// `bytes` must outlive it; `where` names the file in messages. Throws BadInput.
    ZipArchive(std::string_view bytes, std::string where);

    std::vector<std::string> names() const;
    bool contains(const std::string& name) const;
    /// The content, checked against its CRC, which lives as long as the archive. Throws BadInput for an entry
    /// that is not there, not stored or damaged, and when the entries read are larger than the file together.
    std::string_view entry(const std::string& name);

  private:
    struct Close {
        void operator()(zip* archive) const;
    };

    std::string where_;
    std::uint64_t unread_;  ///< bytes of the file, less those of the entries read
    std::unique_ptr<zip, Close> archive_;
    std::map<std::string, std::string> entries_;
};

}  // namespace nibble
