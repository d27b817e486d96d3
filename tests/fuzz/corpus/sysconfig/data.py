# system configuration generated and used by the sysconfig module
build_time_vars = {'AR': 'gcc-ar-12',
 'CC': 'gcc-12 -I/tmp/solder/deps/include',
 'LIBDIR': '/install/lib',
 'X': '/tmp/solder/build'}
