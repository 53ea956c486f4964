# An image of a bundle, which has its own Java: docs/RELEASING.md says how to build and run it.
FROM debian:stable-slim
ADD llams.tar.xz /opt/
RUN useradd --create-home llams
USER llams
WORKDIR /home/llams
ENTRYPOINT ["/opt/llams/llams"]
