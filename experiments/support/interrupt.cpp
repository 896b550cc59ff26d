#include "experiments/support/interrupt.hpp"

#include <csignal>

namespace nibble {

namespace {
volatile std::sig_atomic_t noted = 0;

void note(int signal) {
    noted = signal;
}
}  // namespace

void watch_for_interrupts() {
    struct sigaction action {};
    action.sa_handler = note;
    // RESETHAND: the second signal meets the default action. No RESTART: waiting for a lock must end.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // `nohup` wants it ignored
    }
}

int interrupt_signal() {
    return noted;
}

}  // namespace nibble
