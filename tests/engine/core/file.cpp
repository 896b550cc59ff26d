#include "engine/core/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

using namespace nibble;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for one test, removed at the end.
struct Scratch {
    fs::path path = fs::temp_directory_path() / ("nibble-file-" + std::to_string(::getpid()));
    Scratch() {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Scratch() { fs::remove_all(path); }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
};

/// While it lives, no file of this process grows beyond `bytes`: writes fail half-way, as on a full disk.
struct FullDisk {
    rlimit before{};
    explicit FullDisk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit now{bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, SIG_DFL);
    }
};

}  // namespace

TEST_CASE("what is written is read back, parent folders are made, nothing else is left") {
    const Scratch scratch;
    const Json value{{"name", "resnet20"}, {"seeds", {0, 1, 2}}};
    write_json(scratch.path / "a/b/result.json", value);
    CHECK(read_json(scratch.path / "a/b/result.json") == value);
    CHECK(read_file(scratch.path / "a/b/result.json").back() == '\n');
    CHECK(std::distance(fs::directory_iterator(scratch.path / "a/b"), fs::directory_iterator()) == 1);
}

TEST_CASE("a write that fails half-way leaves the old file and no partial one") {
    const Scratch scratch;
    const fs::path path = scratch.path / "result.json";
    write_json(path, {{"old", true}});
    {
        const FullDisk full(1000);
        CHECK_THROWS_AS(write_file(path, std::string(5000, 'x')), IoError);
    }
    CHECK(read_json(path) == Json{{"old", true}});
    CHECK(scratch.files() == 1);
}

TEST_CASE("a place that cannot be written is an IoError and leaves nothing behind") {
    const Scratch scratch;
    write_file(scratch.path / "file", "x");
    fs::create_directories(scratch.path / "folder");
    CHECK_THROWS_AS(write_file(scratch.path / "file/below/a.json", "x"), IoError);
    CHECK_THROWS_AS(write_file(scratch.path / "folder", "x"), IoError);
    CHECK(scratch.files() == 2);
}

TEST_CASE("what is no regular file is not replaced, and a link leads to what is") {
    const Scratch scratch;
    const fs::path pipe = scratch.path / "pipe", file = scratch.path / "file", link = scratch.path / "link";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_AS(write_file(pipe, "x"), IoError);
    CHECK(fs::is_fifo(pipe));
    CHECK_THROWS_AS(require_replaceable("/dev/null"), IoError);
    write_file(file, "old");
    fs::create_symlink("file", link);
    write_file(link, "new");
    CHECK(fs::is_symlink(link));
    CHECK(read_file(file) == "new");
    CHECK(scratch.files() == 3);
}

TEST_CASE("only regular files are read, whole, and within the limit") {
    const Scratch scratch;
    const fs::path pipe = scratch.path / "pipe", loop = scratch.path / "loop", file = scratch.path / "file";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    fs::create_symlink("loop", loop);
    for (const fs::path& path : {pipe, loop, scratch.path, fs::path("/dev/zero"), scratch.path / "absent"})
        CHECK_THROWS_AS(read_file(path), IoError);
    CHECK(is_there(loop));
    CHECK(is_there(pipe));
    CHECK(!is_there(scratch.path / "absent"));
    write_file(file, std::string(1000, 'x'));
    CHECK(read_file(file, 1000).size() == 1000);
    CHECK_THROWS_AS(read_file(file, 999), BadInput);
    CHECK(read_exactly(file, 1000).size() == 1000);
    CHECK_THROWS_AS(read_exactly(file, 1001), BadInput);
    // A file that says it has more bytes than come is not half a file: sysfs files say 4096.
    const fs::path short_file = "/sys/kernel/mm/transparent_hugepage/enabled";
    if (fs::exists(short_file))
        CHECK_THROWS_WITH_AS(read_file(short_file), doctest::Contains("ended after"), IoError);
}

TEST_CASE("partial files of dead processes go with the next write; those being written stay") {
    const Scratch scratch;
    const fs::path file = scratch.path / "result.json", dead = scratch.path / "result.json.4194304.partial",
                   alive = scratch.path / "result.json.17.partial",
                   other = scratch.path / "other.json.4194304.partial",
                   foreign = scratch.path / "result.json.backup.partial";
    for (const fs::path& path : {dead, alive, other, foreign}) std::ofstream(path) << "half";
    const int writing = ::open(alive.c_str(), O_WRONLY);
    REQUIRE(::flock(writing, LOCK_EX) == 0);
    write_file(file, "new");
    CHECK(!fs::exists(dead));
    for (const fs::path& path : {alive, other, foreign}) CHECK_MESSAGE(fs::exists(path), path.string());
    ::close(writing);
    remove_partials_of(file);
    CHECK(!fs::exists(alive));
    CHECK(scratch.files() == 3);
}
