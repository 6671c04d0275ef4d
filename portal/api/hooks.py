placeholder = None
def receive(request, token):
    raise NotImplementedError
