# The lab in a container: `docker build -t ae-vae-lab .`; README.md says how to run it. Then it needs no network.
FROM python:3.11-slim

# Without a graphics card, TORCH_INDEX as the address of PyTorch's CPU wheels (pytorch.org tells it) spares several GB.
ARG TORCH_INDEX=
WORKDIR /lab
COPY requirements.txt .
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt
COPY . .

# Runs are kept on a volume; whatever else is written goes to /tmp. The user has no name and no home.
RUN install -d -o 10001 -g 10001 /runs
VOLUME /runs
ENV HOME=/tmp VAE_STORE=/runs
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"
CMD streamlit run app.py --server.headless true --server.address 0.0.0.0 --server.port 8501
