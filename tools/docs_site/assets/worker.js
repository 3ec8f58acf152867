// Browsers refuse a worker for pages of the file system. The search then runs its script in a hidden frame. As with a
// worker, messages arrive after the code that sent them has ended.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inner = this.frame.contentWindow;
      inner.postMessage = (data) => setTimeout(() => this.onmessage?.({ data }));
      this.loaded = new Promise((resolve, reject) => {
        const script = inner.document.createElement("script");
        script.onload = resolve;
        script.onerror = () => reject(this.onerror?.(new ErrorEvent("error")));
        script.src = new URL(address, location.href);
        inner.document.body.append(script);
      });
    }

    postMessage(data) {
      const copy = structuredClone(data);
      this.loaded.then(() => setTimeout(() => this.frame.contentWindow?.onmessage?.({ data: copy }))).catch(() => {});
    }

    terminate() {
      this.frame.remove();
    }
  };
}
