# The front door. `make help` lists the targets, config.mk holds the knobs; CMake does the compiling.

include config.mk

BUILD  := build/$(PRESET)
NIBBLE := $(BUILD)/nibble

BUILD_PACKAGES := g++ cmake ninja-build libxtensor-dev libxsimd-dev libopencv-core-dev libopencv-imgproc-dev \
                  libopencv-imgcodecs-dev libjpeg-dev libpng-dev libwebp-dev libtiff-dev libgif-dev libzip-dev \
                  nlohmann-json3-dev doctest-dev libbenchmark-dev libcli11-dev libonnx-dev libprotobuf-dev \
                  libfmt-dev libboost-dev libssl-dev libvalijson-dev gnuplot-nox graphviz fonts-liberation
CHECK_PACKAGES := clang-14 libomp-14-dev clang-format-14
FUZZ_PACKAGES  := clang-14 libclang-rt-14-dev libomp-14-dev
DATA_PACKAGES  := curl ca-certificates
PAPER_PACKAGES := latexmk texlive-latex-recommended lmodern

SOURCES = git ls-files '*.cpp' '*.hpp'

export CXX
ifneq ($(THREADS),)
export NIBBLE_THREADS := $(THREADS)
endif
ifneq ($(DATA),)
export NIBBLE_DATA := $(DATA)
endif

SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
.PRECIOUS: build/%/build.ninja
.DEFAULT_GOAL := help
.PHONY: help setup setup-check setup-data build test reproduce cells data dry-run verify check-accuracy bless stale report install paper site bench-peers bench-kernels bench-quantizing \
        check check-format format coverage fuzz build-fuzz fuzz-networks faults clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo "Knobs (PROFILE, JOBS, THREADS, RUN, ...) are explained in config.mk."

# Names of cells to the files of their results.
RESULTS_OF = sed 's|.*|results/$(1)/&.json|'
# Prints the results of PROFILE that match code, configuration and data.
FRESH = $(NIBBLE) cells --profile $(PROFILE) --fresh | $(call RESULTS_OF,$(PROFILE))

# Compares the results named on its input with what they are today. Quick networks are so small that two processes
# of one thread are done before one process of two.
VERIFY_QUICK = NIBBLE_THREADS=1 xargs -r -n 4 -P $(JOBS) $(NIBBLE) verify --progress plain

# ---- the two commands of the README

reproduce: build ## set up, build, run every cell of PROFILE=quick and report; committed cells must give the same bits
ifeq ($(PROFILE),quick)
	@stale=$$($(NIBBLE) stale --profile quick) && [ -z "$$stale" ] || \
	  { echo "$$stale"; echo "These results are of other code or data than this machine has. If the change is meant: make bless."; exit 1; }
endif
	@$(FRESH) > $(BUILD)/fresh.txt
	@$(MAKE) --no-print-directory -k cells; status=$$?; $(MAKE) --no-print-directory report && exit $$status
ifeq ($(PROFILE),quick)
	@$(VERIFY_QUICK) < $(BUILD)/fresh.txt
else
	@echo "not run again, for their results are fresh (make verify PROFILE=$(PROFILE) does): $$(wc -l < $(BUILD)/fresh.txt) cells"
endif

test: setup test-$(PRESET) ## set up, build, run all tests

# ---- steps

setup: ## install missing Debian packages (as root or by sudo), or print the command that does
	@scripts/setup.sh $(BUILD_PACKAGES)

setup-check:
	@scripts/setup.sh $(BUILD_PACKAGES) $(CHECK_PACKAGES)

setup-data:
	@scripts/setup.sh $(BUILD_PACKAGES) $(DATA_PACKAGES)

build/%/build.ninja: CMakePresets.json | setup
	cmake --preset $*

build/clang/build.ninja: | setup-check

build: $(BUILD)/build.ninja ## compile build/release/nibble
	cmake --build $(BUILD) --target nibble -j $(JOBS)

test-%: build/%/build.ninja
	cmake --build build/$* -j $(JOBS)
	@tests/run.sh build/$* $(JOBS)

data: setup-data ## download CIFAR-10, checked against its digests (datasets/fetch.sh knows more)
	@datasets/fetch.sh cifar10

# ---- cells: each is a target, so -j and RUN apply

ifneq ($(filter cells,$(MAKECMDGOALS)),)
# $(shell) does not see what is exported. The plan says how long the cells will take; each of them says how long is left.
PLAN  := $(BUILD)/plan-$(PROFILE).json
CELLS := $(shell test -x $(NIBBLE) && $(if $(DATA),NIBBLE_DATA='$(DATA)') $(NIBBLE) cells --profile $(PROFILE) --due --plan $(PLAN))
ifneq ($(.SHELLSTATUS),0)
$(error no cells of profile '$(PROFILE)': run `make build` first, and see `$(NIBBLE) cells --help`)
endif
.PHONY: $(CELLS)
$(CELLS):
	$(RUN) $(NIBBLE) run --profile $(PROFILE) --plan $(PLAN) $@
endif

cells: $(CELLS) ## run the cells of PROFILE that are missing or stale (after make build; -j works)

dry-run: build/release/build.ninja ## run every cell of profile imagenet on random weights and 64 generated images (hours)
	cmake --build build/release --target nibble_tests -j $(JOBS)
	NIBBLE_DRY_RUN=all build/release/tests/nibble_tests --source-file='*/runs/imagenet_profile.cpp'

verify: build ## run the fresh cells of PROFILE again and compare every bit; N=5: five real ones, at random
ifeq ($(N),)
	$(FRESH) | xargs $(NIBBLE) verify
else
	@$(NIBBLE) verify --sample $(N) $(if $(filter 1,$(FULL)),--retrain)
endif

check-accuracy: build ## run every cell of profile quick and compare with its committed result: one other bit fails, a better one too
	@$(NIBBLE) cells --profile quick | $(call RESULTS_OF,quick) | $(VERIFY_QUICK) | tee $(BUILD)/accuracy.txt || \
	  { echo "---- other than committed:"; grep '^DIFFERS' $(BUILD)/accuracy.txt; echo "If the change is meant: make bless replaces the results and shows what changed."; exit 1; }

bless: build ## replace golden trajectories and quick results by what this code gives, and show the difference
	cmake --build $(BUILD) --target nibble_tests -j $(JOBS)
	NIBBLE_BLESS=1 $(BUILD)/tests/nibble_tests --source-file='*/train/golden.cpp,*/quant/post_training.cpp'
	$(NIBBLE) bless --profile quick
	$(NIBBLE) report

stale: build ## list the results that no longer match the code, configuration or data
	@$(NIBBLE) stale

install: $(BUILD)/build.ninja ## the library for other programs, with headers and CMake package, below PREFIX (examples/README.md)
	cmake --build $(BUILD) --target nibble_shared -j $(JOBS)
	cmake --install $(BUILD) --prefix $(PREFIX)

paper: build ## the report as build/paper/nibble.pdf, every figure from the results (installs LaTeX)
	@scripts/setup.sh $(PAPER_PACKAGES)
	$(NIBBLE) report
	cd paper && latexmk -pdf -quiet -interaction=nonstopmode -halt-on-error -outdir=../build/paper nibble.tex

site: build ## one page with every result, to open in a browser: build/site/index.html
	$(NIBBLE) site

report: build ## tables and plots from the results, and the README's table
	$(NIBBLE) report

bench-peers: build ## install the peers and time training side by side with them
	BUILD=$(BUILD) ROUNDS='$(ROUNDS)' sh experiments/training_speed/bench_peers.sh

bench-kernels: build ## install the peers and time layers and networks side by side with them (knobs: ROUNDS, ONLY)
	BUILD=$(BUILD) ROUNDS='$(ROUNDS)' ONLY='$(ONLY)' sh experiments/kernel_speed/bench_kernels.sh
	$(NIBBLE) report

bench-quantizing: build ## time the post-training quantizers
	@scripts/setup.sh python3
	cmake --build $(BUILD) --target nibble_quantizing_speed -j $(JOBS)
	python3 experiments/quantizing_speed/measure.py $(BUILD)/experiments/quantizing_speed/nibble_quantizing_speed

# ---- for developers

check: check-format test-werror test-asan test-clang ## format, warnings as errors, sanitizers, clang, all tests

check-format: | setup-check
	$(SOURCES) | xargs clang-format-14 --dry-run -Werror

format: | setup-check ## reformat every source file
	$(SOURCES) | xargs clang-format-14 -i

coverage: test-coverage ## which lines of engine/ the tests run (installs gcovr)
	@scripts/setup.sh gcovr
	gcovr --root . --filter engine/ --gcov-ignore-parse-errors --sort-uncovered build/coverage

# Findings are files build/fuzz/crash-*; each is an argument that repeats it.
FUZZ_LIMITS = -max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=2048 -max_len=65536 -malloc_limit_mb=1024 -print_final_stats=1
READERS    := weights pytorch onnx quantized checkpoint result grid cifar idx image preprocessing

fuzz: fuzz-networks $(READERS:%=fuzz-%) ## feed mutated files to each reader, SECONDS each (clang's libFuzzer, sanitizers)

build-fuzz: | setup
	@scripts/setup.sh $(FUZZ_PACKAGES)
	cmake --preset fuzz && cmake --build --preset fuzz -j $(JOBS)

fuzz-networks: build-fuzz
	mkdir -p build/fuzz/corpus && cd build/fuzz && ./tests/fuzz_integer_file --write-seeds corpus && \
	NIBBLE_ARCH=avx2 ./tests/fuzz_integer_file corpus $(FUZZ_LIMITS) -mutate_depth=3

$(READERS:%=fuzz-%): fuzz-%: build-fuzz
	mkdir -p build/fuzz/$*-corpus && cd build/fuzz && export NIBBLE_FUZZ_READER=$* NIBBLE_ARCH=avx2 && \
	./tests/fuzz_readers --write-seeds $*-corpus && ./tests/fuzz_readers $*-corpus $(FUZZ_LIMITS)

faults: build ## let system calls fail one at a time, PLACES of each kind a command: the same bits or one line (installs strace)
	@scripts/setup.sh strace python3
	tests/faults/faults.sh $(NIBBLE) $(PLACES)

clean: ## remove what was compiled; results/ and build/runs (weights, checkpoints) stay
	test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name runs -exec rm -rf {} +
