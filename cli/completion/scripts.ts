/** The script that each shell runs at its start to complete the words of `asof`. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_asof() {
  local candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("$candidate")
  done < <(asof completion bash --line "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o default -F _asof asof`,
  zsh: `#compdef asof
_asof() {
  local -a candidates
  candidates=("\${(@f)$(asof completion zsh --line "\${(j: :)words[1,CURRENT-1]} \${words[CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( \${#candidates} )); then compadd -- "\${candidates[@]}"; else _files; fi
}
compdef _asof asof`,
  fish: `complete -c asof -a '(asof completion fish --line (commandline -cp) 2>/dev/null)'`,
};
