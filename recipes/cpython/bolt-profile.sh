# Which way the linked code goes in a training run, for bolt.sh.
. "$RECIPE/stand.sh"
# What runs bolt.py is another one than what is trained.
stand "$S/plain"
export PYTHONHASHSEED=0
cd "$S"
"plain/bin/python$LDVERSION" -B -u "$RECIPE/bolt.py" train
