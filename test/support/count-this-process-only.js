// Programs that a test starts run through another loader, whose output has other offsets: their coverage cannot be merged with the test's own.
process.env['_TAPJS_PROCESSINFO_COVERAGE_'] = '0'
