# The worker, the relay and the command line in one image; runs as a user without rights.
#
#   docker build -t flixpose .
#
# torch comes from pip's default index. Where another index serves its CPU build (several GB smaller), name it:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=https://… -t flixpose .

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN pip install --no-cache-dir build
COPY pyproject.toml README.md LICENSE ./
COPY flixpose flixpose
COPY workers workers
COPY configs configs
COPY migrations migrations
RUN python -m build --wheel --outdir /dist

FROM python:3.11-slim-bookworm
ARG PIP_EXTRA_INDEX_URL=
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FLIXPOSE_HOME=/opt/flixpose
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin flixpose
COPY --from=build /dist/*.whl /tmp/
RUN PIP_EXTRA_INDEX_URL=$PIP_EXTRA_INDEX_URL pip install --no-cache-dir /tmp/*.whl && rm /tmp/*.whl
# The weights are part of the image: what was tested is what runs, and a start needs no network.
RUN flixpose models pull && flixpose models verify
USER 10001
WORKDIR /home/flixpose
ENTRYPOINT ["flixpose"]
CMD ["--help"]
