import { spawn } from "node:child_process";

/** The program that opens a link, run without a shell that could misinterpret it. */
export function openerOf(
  link: string,
  platform: NodeJS.Platform,
): { readonly command: string; readonly args: readonly string[] } {
  if (platform === "darwin") return { command: "open", args: [link] };
  if (platform === "win32") return { command: "rundll32", args: ["url.dll,FileProtocolHandler", link] };
  return { command: "xdg-open", args: [link] };
}

/** Whether there is a display: without one, Linux would open a text browser or nothing. */
export function hasDisplay(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  if (platform === "darwin" || platform === "win32") return true;
  return ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"].some(
    (name) => (env[name] ?? "") !== "",
  );
}

/** Opens a link in the user's browser. Returns whether a program for it could be started. */
export function openBrowser(link: string): Promise<boolean> {
  if (!hasDisplay()) return Promise.resolve(false);
  const { command, args } = openerOf(link, process.platform);
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true, windowsHide: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => resolve(true));
    child.unref();
  });
}
