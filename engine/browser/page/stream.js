"use strict";
// The picture: WebRTC, and Motion JPEG where it does not arrive. `?codec=h264`, `vp8` or `jpeg` asks for one.

const GATHER_MS = 600;   // an address that is not found by then has no part in a local network
const FIRST_MS = 4000;   // no connection by then: Motion JPEG
const BROKEN_MS = 2500;  // an interruption of the network may be shorter
const WANTED = new URLSearchParams(location.search).get("codec");

class Stream extends EventTarget {
  #connection; #video; #jpeg;
  #peer = null;
  #usesJpeg = WANTED === "jpeg" || typeof RTCPeerConnection === "undefined";
  #failures = 0;
  #hasConnected = false;
  #timer = 0;
  #frames = 0;
  #isOn = false;

  constructor(connection, video, jpeg) {
    super();
    this.#connection = connection; this.#video = video; this.#jpeg = jpeg;
    video.addEventListener("resize", () => this.#sized(video.videoWidth, video.videoHeight));
    jpeg.addEventListener("load", () => this.#sized(jpeg.naturalWidth, jpeg.naturalHeight));
    jpeg.addEventListener("error", () => { if (this.#isOn && this.#usesJpeg) this.#later(() => this.#showJpeg(), 1000); });
    if ("requestVideoFrameCallback" in video) this.#count();
  }

  get kind() { return !this.#isOn ? "" : this.#usesJpeg ? "Motion JPEG" : "WebRTC"; }

  // Pictures since the last call, as the browser has shown them; null if it does not count them.
  takeFrames() {
    const frames = this.#frames;
    this.#frames = 0;
    return this.#usesJpeg || !("requestVideoFrameCallback" in this.#video) ? null : frames;
  }

  get picture() { return this.#usesJpeg ? this.#jpeg : this.#video; }

  start() {
    this.stop();
    this.#isOn = true;
    if (this.#usesJpeg) this.#showJpeg(); else this.#connect();
  }

  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
    if (this.#peer) this.#peer.close();
    this.#peer = null;
    this.#jpeg.removeAttribute("src");
  }

  #showJpeg() {
    this.#video.hidden = true;
    this.#jpeg.hidden = false;
    this.#jpeg.src = `${withToken("/stream.mjpg")}&start=${Date.now()}`;
  }

  async #connect() {
    const peer = this.#peer = new RTCPeerConnection();
    this.#video.hidden = false;
    this.#jpeg.hidden = true;
    const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
    this.#prefer(transceiver);
    peer.ontrack = (event) => {
      // Each picture is shown as soon as it is decoded.
      if ("jitterBufferTarget" in event.receiver) event.receiver.jitterBufferTarget = 0;
      if ("playoutDelayHint" in event.receiver) event.receiver.playoutDelayHint = 0;
      this.#video.srcObject = new MediaStream([event.track]);
      this.#video.play().catch(() => {});
    };
    peer.onconnectionstatechange = () => {
      if (peer !== this.#peer) return;
      clearTimeout(this.#timer);
      if (peer.connectionState === "connected") {
        this.#failures = 0;
        this.#hasConnected = true;
      }
      if (peer.connectionState === "disconnected") this.#later(() => this.#failed(), BROKEN_MS);
      if (peer.connectionState === "failed") this.#failed();
    };
    try {
      this.#later(() => this.#failed(), FIRST_MS);
      await peer.setLocalDescription(await peer.createOffer());
      await this.#gathered(peer);
      const reply = await this.#connection.request({ offer: peer.localDescription.sdp });
      if (peer !== this.#peer) return;
      if (!reply.ok) throw new Error(reply.error);
      await peer.setRemoteDescription({ type: "answer", sdp: reply.value });
    } catch (error) {
      if (peer === this.#peer) this.#failed();
    }
  }

  #prefer(transceiver) {
    const codecs = RTCRtpReceiver.getCapabilities("video").codecs.filter(
      (codec) => codec.mimeType.toLowerCase() === `video/${WANTED}`);
    if (codecs.length && transceiver.setCodecPreferences) transceiver.setCodecPreferences(codecs);
  }

  #gathered(peer) {
    return new Promise((resolve) => {
      setTimeout(resolve, GATHER_MS);
      peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === "complete") resolve(); };
    });
  }

  #failed() {
    if (!this.#isOn || !this.#connection.isOpen) return;
    this.#failures += 1;
    this.#usesJpeg = this.#failures > 1 || !this.#hasConnected;
    this.dispatchEvent(new Event("lost"));
    this.start();
  }

  #later(act, ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  #count() {
    this.#video.requestVideoFrameCallback(() => { this.#frames += 1; this.#count(); });
  }

  #sized(width, height) {
    if (width && height) this.dispatchEvent(new CustomEvent("size", { detail: [width, height] }));
  }
}
