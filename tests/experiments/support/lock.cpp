#include "experiments/support/lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/scratch.hpp"

using namespace nibble;

TEST_CASE("a lock excludes other processes and ends with its holder, even when that is killed") {
    const test::Scratch scratch("lock");
    const std::filesystem::path path = scratch / "folder/lock";
    CHECK_FALSE(FileLock::held(path));
    CHECK_FALSE(std::filesystem::exists(path));

    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t holder = ::fork();
    REQUIRE(holder >= 0);
    if (holder == 0) {  // no doctest in here
        const FileLock lock(path);
        const char byte = 1;
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(FileLock::held(path));

    bool waited = false;
    const FileLock lock(path, [&] {
        waited = true;
        ::kill(holder, SIGKILL);
    });
    CHECK(waited);
    CHECK(FileLock::held(path));
    ::waitpid(holder, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}
