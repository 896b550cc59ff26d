# The machine of the README's two commands, for reviewers:
#
#     docker build -t nibble . && docker run -it nibble
FROM debian:12
RUN apt-get update && apt-get install -y git make
COPY . /nibble
WORKDIR /nibble
CMD ["sh", "-c", "make reproduce && make test"]
