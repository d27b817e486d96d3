# With clang, the objects of a build with LTO are bitcode.  This puts machine
# code made of them into libpython3.X.a.  What came from assembler is that.
include Makefile

NATIVE := $(LIBRARY_OBJS:%=native/%)

native/%.o: %.o
	@mkdir -p $(@D)
	if head -c 4 $< | grep -q ELF; then cp $< $@; else \
	$(CC) -x ir -c -O3 -g -fPIC -Wno-override-module $(NATIVE_FLAGS) -o $@ $<; fi

.PHONY: native
native: $(NATIVE) native/Programs/python.o
	rm -f $(LIBRARY)
	$(AR) $(ARFLAGS) $(LIBRARY) $(NATIVE)
