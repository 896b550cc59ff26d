// SIGINT, SIGTERM and SIGHUP as a question that long loops ask between steps.
#pragma once

#include <string>

#include "engine/core/error.hpp"

namespace nibble {

/// The user or the batch system asked to stop; what() says what was saved and how to go on.
class Interrupted : public Error {
  public:
    Interrupted(const std::string& what, int signal) : Error(what), signal_(signal) {}
    int signal() const { return signal_; }

  private:
    int signal_;
};

/// From now on the first SIGINT, SIGTERM or SIGHUP is only noted, unless it is ignored; a second one of its
/// kind ends the program at once.
void watch_for_interrupts();

/// The signal noted since then, or 0.
int interrupt_signal();

}  // namespace nibble
