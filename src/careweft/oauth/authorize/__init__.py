"""The authorization endpoint as checks: what an application asks, looked at in order, each rule a function of its own.

shown        known_client, registered_redirect          an error here is shown and never redirected (OAUTH-01)
redirected   REDIRECTED, in its order                    an error here goes to the registered address (OAUTH-02)
launch       the handle of an EHR is used up last, by a request that is good in everything else
"""
