/** The compose override of `talebridge init`: one image, freqtrade's own with `pip install`, for the bot and the bridge beside it. */
import { VERSION } from "../version.js";

/** In the home of the image's user, so that building needs no root; new volumes take owner and mode of these folders. */
const HOME = "/home/ftuser/talebridge";

/** Text of docker-compose.override.yml, for the compose file of freqtrade's instructions, whose service is `freqtrade`. */
export function composeOverride(): string {
  return `# Written by \`talebridge init\`, version ${VERSION}. docker compose reads it with docker-compose.yml by itself.
# The bridge runs beside the bot, in the same image, under the same user (1000); they share one volume with the sockets.

services:
  freqtrade:
    image: talebridge/freqtrade:${VERSION}
    build:
      context: .
      dockerfile_inline: |
        FROM freqtradeorg/freqtrade:stable
        RUN pip install --user --no-cache-dir "talebridge[bridge]==${VERSION}" \\
         && install -d -m 0700 ${HOME} ${HOME}/run ${HOME}/journal
    environment:
      TALEBRIDGE_DIR: ${HOME}/run
    volumes:
      - talebridge-sockets:${HOME}/run
    depends_on: [talebridge]

  talebridge:
    image: talebridge/freqtrade:${VERSION}
    # Built by the service above.
    pull_policy: never
    entrypoint: [talebridge]
    command: [serve]
    user: "1000:1000"
    init: true
    restart: unless-stopped
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    network_mode: none
    mem_limit: 512m
    pids_limit: 256
    stop_grace_period: 15s
    environment:
      TALEBRIDGE_DIR: ${HOME}/run
      TALEBRIDGE_JOURNAL_DIR: ${HOME}/journal
    volumes:
      - talebridge-sockets:${HOME}/run
      - talebridge-journal:${HOME}/journal
    tmpfs: ["/tmp:mode=1777,size=16m"]
    healthcheck:
      test: [CMD, talebridge, status, --json]
      interval: 30s
      timeout: 10s
      retries: 3
      start_period: 20s

volumes:
  talebridge-sockets: {}
  talebridge-journal: {}
`;
}
