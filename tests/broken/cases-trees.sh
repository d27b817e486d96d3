# Outputs of steps that lead elsewhere. Sourced by run.sh.

# plant STEP SCRIPT WORD...: the step's output has what SCRIPT makes, and that is said; nothing
# outside of it is touched.
plant() {
	step=$1 script=$2
	shift 2
	rm -rf "$cache/store" "$case/recipes" "$case/away"
	mkdir -p "$case/away"
	echo dear >"$case/away/file"
	recipes=$world/recipes
	have_all
	own_recipes
	echo "$script" >>"$recipes/cpython/$step.sh"
	expect 2 build
	says "$@"
	[ "$(find "$case/away" -type f -exec cat {} +)" = dear ] || fail "it was written outside"
	[ ! -e "$output" ] || fail "an output was made"
}

outputs_that_lead_out() {
	plant bytecode "ln -s '$case/away' \"\$TREE/share\"" "building cpython 3.13.5 tree" \
		"'python/share' in the output is a link to '$case/away', which leads out of it"
	plant bytecode 'rm -rf "$TREE/lib"; ln -s ../.. "$TREE/lib"' "'python/lib' in the output"
	plant bytecode 'ln -sf /etc/passwd "$TREE/bin/python3.13"' \
		"'python/bin/python3.13' in the output is a link to '/etc/passwd'"
	plant link 'ln -sf /etc/passwd "$OUT/python3.13"' "building cpython 3.13.5 link" \
		"'python3.13' in the output is a link to '/etc/passwd'"
	plant link "ln -s '$case/away' \"\$OUT/licences\"" "'licences' in the output"
	plant link 'mkdir "$OUT/d"; ln -s d/../.. "$OUT/x"' "'x' in the output"
	plant link "rmdir \"\$OUT\" || rm -r \"\$OUT\"; ln -s '$case/away' \"\$OUT\"" \
		"the output is a link, not a folder"
	plant link 'mkfifo "$OUT/pipe"' "'pipe' in the output is a pipe"
	plant link 'chmod 4755 "$OUT/python3.13"' "runs with the rights of its owner"
}

t_output_leads_out() { outputs_that_lead_out; }

t_output_leads_out_in_sandbox() { boxed && outputs_that_lead_out; }

# Within its step's output the link is fine; in the tree that users get it climbs out.
t_outputs_lead_out_together() {
	have_all
	own_recipes
	cp "$recipes/cpython/bytecode.sh" "$case/bytecode.sh"
	echo 'ln -s ../python/lib "$TREE/here"' >>"$recipes/cpython/bytecode.sh"
	expect 2 build
	says "putting the distribution together" "'here' in the output is a link to '../python/lib'"
	[ ! -e "$output" ] || fail "an output was made"
	cp "$case/bytecode.sh" "$recipes/cpython/bytecode.sh"
	echo 'mv "$TREE" "$OUT/moved"; ln -s moved "$TREE"' >>"$recipes/cpython/bytecode.sh"
	expect 2 build
	says "python' is a link, which is not followed there"
}
