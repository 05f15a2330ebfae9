# One image for every process of tradebot; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data ENV_FILE=

RUN useradd --system --create-home --uid 10001 tradebot && install -d -o tradebot -m 0700 /data
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir uv \
 && uv pip install --system --no-cache --require-hashes -r requirements.txt

COPY . .
USER tradebot
VOLUME /data
EXPOSE 8000

CMD ["uvicorn", "tradebot.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off"]
