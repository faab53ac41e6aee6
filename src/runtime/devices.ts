/** The devices by name, as plain data: the command line reads them without loading ONNX Runtime. */

/** What programs can run on: the execution providers that onnxruntime-node ships. */
export type DeviceName = "cpu" | "cuda" | "webgpu" | "dml" | "coreml";

export interface DeviceCard {
  /** ONNX Runtime's provider, in words. */
  readonly title: string;
  /** Platforms (`process.platform process.arch`) whose onnxruntime-node has it. */
  readonly platforms: readonly string[];
  /** What to do where it is there and does not load. */
  readonly remedy: string;
}

export const DEVICES: Readonly<Record<DeviceName, DeviceCard>> = Object.freeze({
  cpu: {
    title: "the processor",
    platforms: ["linux x64", "linux arm64", "win32 x64", "win32 arm64", "darwin arm64"],
    remedy: "Install the package again: npm rebuild onnxruntime-node",
  },
  cuda: {
    title: "NVIDIA GPUs by CUDA",
    platforms: ["linux x64"],
    remedy:
      "Download its libraries: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node. It also needs an NVIDIA driver, CUDA 12 and cuDNN 9.",
  },
  webgpu: {
    title: "GPUs by WebGPU (Vulkan, Direct3D 12 or Metal)",
    platforms: ["linux x64", "win32 x64", "win32 arm64", "darwin arm64"],
    remedy:
      "On Linux install Vulkan and a driver for your GPU: apt install libvulkan1 mesa-vulkan-drivers (NVIDIA's own driver has Vulkan). Elsewhere update the graphics driver.",
  },
  dml: {
    title: "GPUs by DirectML",
    platforms: ["win32 x64", "win32 arm64"],
    remedy: "Update Windows and the graphics driver: it needs a GPU with Direct3D 12.",
  },
  coreml: {
    title: "Apple's GPU and Neural Engine by Core ML",
    platforms: ["darwin arm64"],
    remedy: "It needs macOS 12 or later.",
  },
});

/** How a run used a device, for its record. */
export interface DeviceUse {
  /** `cpu`, `cuda`, … */
  readonly name: DeviceName;
  /** Operators that it has no kernel for, which ran on the CPU. */
  readonly onCpu: readonly string[];
}
