# Knobs. Override any of them on the command line: make reproduce PROFILE=cifar10 JOBS=8

# What to reproduce: quick (embedded data, minutes) or cifar10 (needs `make data`; hours where results are missing or stale).
PROFILE ?= quick

# Compile jobs, and test entries run side by side.
JOBS ?= $(shell nproc)

# Threads of one nibble process; empty means all cores. Results do not depend on it. With `make -j4 cells`, say 1.
THREADS ?=

# Put before every cell: RUN="srun --cpus-per-task=8" or RUN="nice -n 10".
RUN ?=

# Where data sets are kept; empty means data/ in this folder.
DATA ?=

# Of `make verify`: how many results to pick at random (empty: all fresh ones of PROFILE); FULL=1 also trains again what took hours.
N ?=
FULL ?=

# Of `make bench-peers` and `make bench-kernels`: rounds of measurement, and which rows of `make bench-kernels` (a regular expression).
ROUNDS ?= 5
ONLY ?=

# The build used by `make build`, `make test` and the cells: a preset of CMakePresets.json, built in build/PRESET.
PRESET ?= release

# How long `make fuzz` runs each of its fuzzers.
SECONDS ?= 60

# How many calls of each kind `make faults` lets fail in each command.
PLACES ?= 6

# Where `make install` puts the library for other programs.
PREFIX ?= /usr/local

# The compiler of presets that name none. Run `make clean` after changing it.
ifeq ($(origin CXX),default)
CXX = g++
endif
