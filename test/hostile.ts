/** Names that somebody may give a model, a class or a folder so that whoever reads an export obeys them. */
export const HOSTILE: readonly string[] = [
  "</script><img src=x onerror=alert(1)>",
  "| x | ![x](https://evil.example) [y](javascript:z) `c` @everyone <b>",
  "```\n# owned\n```",
  "a\n---\nlicense: mit\nmodel-index: []",
  'yes: "no" #\\',
  '=HYPERLINK("http://evil.example")',
  "+1+cmd|' /C calc'!A0",
  "\t@SUM(1)",
  "＝1+1",
  "\u001b[31m\u0007\u0000\ud800\u202etxt.exe",
  "../../etc/passwd",
  "..",
  "$(reboot); `reboot`",
  "::error::owned",
];
