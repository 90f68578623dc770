// Programs that a test starts are not counted: each would write megabytes for lines that tests of their own run as well.
process.env['_TAPJS_PROCESSINFO_COVERAGE_'] = '0'
