# docker build -t clv-workbench .
# docker run --rm -p 127.0.0.1:8501:8501 -v clv-data:/data --read-only --tmpfs /tmp clv-workbench
# The same image does the scheduled job: … clv-workbench python -m clv run /in/orders.csv --publish --guard
# The base is pinned; pass PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:… to pin its bytes as well.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
COPY requirements.txt .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM ${PYTHON_IMAGE}
# LightGBM's wheel brings everything but this.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp clv \
    && install -d -o clv -g clv /data /data/runs
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Compiled here, as nothing can be written at run time.
RUN /venv/bin/python -m compileall -q app.py server.py pages clv

# Inside a container 0.0.0.0 is the container's own interface: what the world sees is decided by -p.
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    CLV_RUNS=/data/runs \
    CLV_MODELS=/data/models \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none
USER clv
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "server.py"]
