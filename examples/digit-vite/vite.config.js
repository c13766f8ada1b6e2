import { defineConfig } from "vite";

export default defineConfig({
  // Both look for files beside their own modules, from where Vite would move these while developing.
  optimizeDeps: { exclude: ["espalier-runtime", "onnxruntime-web"] },
  // The page, the drawing and the network are the plain example's, and the runtime is that of this checkout.
  server: { fs: { allow: ["../.."] } },
  // ort's loader is awaited at the top of a module.
  build: { target: "es2022" },
});
