def sgd_momentum(w, dw, config=None):
    text = (
        "{{ 7777*7 }} ${7777*7} {% include '/etc/passwd' %} #{7777*7} <%= 7777*7 %> %s %(x)s {0} [bold red]x[/] $(id)"
    )
    print(text)
    raise ValueError(text)
