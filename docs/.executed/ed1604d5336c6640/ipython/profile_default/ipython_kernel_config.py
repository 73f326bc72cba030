c = get_config()
c.IPKernelApp.log_level = 'ERROR'
